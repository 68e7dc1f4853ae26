"""Two deliveries are one event when their bodies say the same apart from `_sentAt`, and never otherwise."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mobility_work.identity import event_identity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=5)


def written(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **options).encode("utf-8", "surrogatepass")


def raw_identity(body: bytes) -> bytes:
    return hashlib.sha256(b"raw\0" + body).digest()


def shuffled(value: Any) -> Any:
    """Return an equal value whose objects list their members the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(OBJECTS, st.text(max_size=5), st.text(max_size=5))
def test_spacing_order_escapes_and_the_time_of_sending_do_not_matter(body: Any, sent: str, again: str) -> None:
    first = written(body | {"_sentAt": sent}, separators=(",", ":"))
    second = written({"_sentAt": again} | shuffled(body), indent=1, ensure_ascii=True)
    assert event_identity(first) == event_identity(second)
    body.pop("_sentAt", None)
    assert event_identity(first) == event_identity(written(body))
    assert len(event_identity(first)) == 32


@given(OBJECTS, OBJECTS)
def test_another_content_is_another_event(one: Any, other: Any) -> None:
    one.pop("_sentAt", None)
    other.pop("_sentAt", None)
    same_text = written(one, sort_keys=True) == written(other, sort_keys=True)
    assert (event_identity(written(one)) == event_identity(written(other))) == same_text


@given(OBJECTS)
def test_an_inner_sent_at_counts(body: Any) -> None:
    one, other = ({"inner": body | {"_sentAt": word}} for word in ("a", "b"))
    assert event_identity(written(one)) != event_identity(written(other))


@given(st.binary(max_size=100))
def test_any_bytes_have_an_identity(body: bytes) -> None:
    assert event_identity(body) == event_identity(bytes(body))
    assert len(event_identity(body)) == 32


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b'"text"', b"12", b"{", b"\xff\xfe", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1,"a":1}',
        b'{"in":[{"a":1,"a":2}]}', b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b'{"a":' * 200_000, b"[" * 200_000,
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", '{"a":1}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_has_no_canonical_form_is_named_by_its_bytes(body: bytes) -> None:
    assert event_identity(body) == raw_identity(body)


def test_numbers_are_told_apart_by_their_text() -> None:
    literals = [b"1", b"1.0", b"1.00", b"1e0", b"1E0", b"-0", b"0", b"1e400", b"1e999999999999", b"9" * 5000]
    assert len({event_identity(b'{"q":' + literal + b"}") for literal in literals}) == len(literals)
    assert event_identity(b'{"q":1e400}') == event_identity(b'{ "q" : 1e400 }')


def test_a_body_cannot_pose_as_another_of_the_other_kind() -> None:
    assert event_identity(b'{"a":1}') != raw_identity(b'{"a":1}')
    assert event_identity(b'json\x00{"a":1}') != event_identity(b'{"a":1}')


def test_lone_surrogates_are_kept_apart() -> None:
    assert event_identity(b'{"a":"\\ud800"}') != event_identity(b'{"a":"\\udfff"}')
    assert event_identity(b'{"a":"\\ud83d\\ude00"}') == event_identity('{"a":"😀"}'.encode())


@pytest.mark.parametrize("depth", [50, 100, 200, 300, 400, 900])
def test_how_deep_a_body_is_nested_is_judged_alike_wherever_it_is_read(depth: int) -> None:
    """A process that stands deeper in its own calls must not give the event another name."""
    body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"

    def deeper(calls: int) -> bytes:
        return event_identity(body) if calls == 0 else deeper(calls - 1)

    assert deeper(0) == deeper(150) == deeper(400)
