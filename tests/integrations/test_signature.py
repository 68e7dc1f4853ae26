"""No byte of body, t or nonce can change unnoticed, in any recipe that may be adopted by itself."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.mobility_work.signature import (
    CANDIDATES,
    MalformedSignature,
    Recipe,
    SearchBounded,
    Signature,
    find_recipe,
    is_stale,
    parse_header,
    sign,
    verify,
)

ADOPTABLE = [recipe for recipe in CANDIDATES if recipe.covers_everything]
SECRET = {"utf8": "whsec_plain", "hex": "00ff" * 16, "base64": "AAECAwQFBgcICQoLDA0ODw=="}
BODY = b'{"_event":"TaskWasStarted","n":"\xc3\xa9/1","q":[1.0,1e400]}'
NONCES = st.text("abcXYZ019_-", min_size=1, max_size=12)


def signed(recipe: Recipe, *, t: int = 1773304867, nonce: str = "5f0a1c", body: bytes = BODY) -> Signature:
    return parse_header(sign(recipe, SECRET[recipe.key], t=t, nonce=nonce, body=body))


def accepts(recipe: Recipe, signature: Signature, body: bytes, nonce_length: int = 6) -> bool:
    found = verify(signature, recipe=recipe, secrets=[SECRET[recipe.key]], body=body, nonce_length=nonce_length)
    return found is not None


@pytest.mark.parametrize("recipe", ADOPTABLE, ids=lambda recipe: recipe.name)
def test_a_good_signature_is_accepted_and_survives_storage(recipe: Recipe) -> None:
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    signature = signed(recipe)
    assert accepts(recipe, signature, BODY)
    assert verify(signature, recipe=recipe, secrets=["wrong", SECRET[recipe.key]], body=BODY) == 1
    assert verify(signature, recipe=recipe, secrets=["wrong"], body=BODY) is None


@given(st.sampled_from(ADOPTABLE), st.binary(max_size=60))
def test_another_body_is_refused(recipe: Recipe, body: bytes) -> None:
    assume(body != BODY)
    assert not accepts(recipe, signed(recipe), body)


@given(st.sampled_from(ADOPTABLE), st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_no_byte_of_the_body_can_change(recipe: Recipe, place: int, flip: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ flip]) + BODY[place + 1 :]
    assert not accepts(recipe, signed(recipe), changed)


@given(st.sampled_from(ADOPTABLE), st.integers(10**9, 10**10 - 1), NONCES)
def test_another_time_or_nonce_is_refused(recipe: Recipe, t: int, nonce: str) -> None:
    signature = signed(recipe)
    assume((str(t), nonce) != (signature.t, signature.nonce))
    assert not accepts(recipe, Signature(t=str(t), nonce=nonce, signature=signature.signature), BODY)


@given(st.sampled_from([recipe for recipe in ADOPTABLE if recipe.body == "raw"]), st.integers(1, 5), st.booleans())
def test_no_byte_can_move_between_the_fields(recipe: Recipe, count: int, towards_body: bool) -> None:
    signature = signed(recipe)
    if towards_body:
        nonce, body = signature.nonce[:-count], signature.nonce[-count:].encode() + BODY
    else:
        nonce, body = signature.nonce + BODY[:count].decode("latin-1"), BODY[count:]
    assert not accepts(recipe, Signature(t=signature.t, nonce=nonce, signature=signature.signature), body)
    shifted = Signature(t=signature.t + nonce[:1], nonce=signature.nonce[1:], signature=signature.signature)
    assert not accepts(recipe, shifted, BODY)


@pytest.mark.parametrize("recipe", ADOPTABLE, ids=lambda recipe: recipe.name)
def test_the_recipe_is_found_by_itself(recipe: Recipe) -> None:
    match = find_recipe(signed(recipe), secrets=[SECRET[recipe.key]], body=BODY)
    assert match is not None
    assert accepts(match.recipe, signed(recipe), BODY)


PHP = next(recipe for recipe in ADOPTABLE if recipe.body == "json")
SAME_VALUE = [
    BODY.replace(b"/", b"\\/"), BODY.replace(b"\xc3\xa9", b"\\u00e9"), BODY.replace(b":", b": "), BODY + b"\n",
    BODY.replace(b'{"', b'{"n":1,"', 1), BODY.replace(b"1.0", b"1.00"), BODY.replace(b"1e400", b"1e401"),
    BODY.replace(b"Task", b"\\u0054ask"),
]  # fmt: skip


@pytest.mark.parametrize("body", SAME_VALUE, ids=repr)
def test_another_spelling_of_the_same_json_is_another_body(body: bytes) -> None:
    assert accepts(PHP, signed(PHP), BODY)
    assert not accepts(PHP, signed(PHP), body)


def test_what_php_signs_is_escaped() -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        sign(PHP, "s", t=1773304867, nonce="5f0a1c", body=b'{"a": 1}')
    escaped = BODY.replace(b"/", b"\\/").replace(b"\xc3\xa9", b"\\u00e9")
    assert sign(PHP, "s", t=1773304867, nonce="5f0a1c", body=BODY) == sign(
        CANDIDATES[0], "s", t=1773304867, nonce="5f0a1c", body=escaped
    )


def test_the_candidates_stand_in_the_order_of_the_reference() -> None:
    assert [recipe.name for recipe in CANDIDATES[:3]] == [
        "t-nonce-body/dot",
        "t-nonce-body/plain",
        "t-nonce-body/colon",
    ]
    assert len({recipe.name for recipe in CANDIDATES}) == len(CANDIDATES)
    assert [recipe.name for recipe in CANDIDATES if not recipe.covers_everything] == ["body-alone", "t-body/dot"]


def test_a_recipe_that_leaves_something_unsigned_is_never_found() -> None:
    partial = next(recipe for recipe in CANDIDATES if not recipe.covers_everything)
    assert find_recipe(signed(partial), secrets=[SECRET["utf8"]], body=BODY) is None


@given(st.sampled_from(ADOPTABLE), NONCES, st.integers(1, 12), st.booleans())
def test_a_delivery_with_moved_bytes_pins_nothing(recipe: Recipe, nonce: str, count: int, in_front: bool) -> None:
    signature = signed(recipe, nonce=nonce)
    kept, moved = nonce[:-count], nonce[-count:].encode()
    body = moved + BODY if in_front else BODY + moved
    changed = Signature(t=signature.t, nonce=kept or "x", signature=signature.signature)
    assert find_recipe(changed, secrets=[SECRET[recipe.key]], body=body) is None
    front = Signature(t=signature.t, nonce=nonce[count:] or "x", signature=signature.signature)
    assert find_recipe(front, secrets=[SECRET[recipe.key]], body=BODY + nonce[:count].encode()) is None


def test_the_digest_of_a_body_does_not_pose_as_the_body() -> None:
    recipe = next(recipe for recipe in ADOPTABLE if recipe.body == "sha256hex")
    body = hashlib.sha256(BODY).hexdigest().encode()
    assert accepts(CANDIDATES[0], signed(recipe), body)  # under the wrong recipe the HMAC is the same
    assert find_recipe(signed(recipe), secrets=[SECRET[recipe.key]], body=body) is None


def test_the_search_stops_at_its_bound_of_work() -> None:
    large = b"{" + b"x" * 100_000 + b"}"
    with pytest.raises(SearchBounded):
        find_recipe(signed(ADOPTABLE[0]), secrets=["wrong"], body=large, max_work_bytes=300_000)


def test_a_costly_candidate_is_left_out_and_cheap_ones_after_it_are_tried() -> None:
    body = b'{"q":[' + b"1," * 25_000 + b"1]}"
    last = ADOPTABLE[-1]
    assert ADOPTABLE.index(PHP) < ADOPTABLE.index(last)
    match = find_recipe(signed(last, body=body), secrets=[SECRET[last.key]], body=body)
    assert match is not None
    assert match.recipe == last
    with pytest.raises(SearchBounded):
        find_recipe(signed(PHP, body=body), secrets=["wrong"], body=body)


def test_parts_come_in_any_order_with_unknown_ones_between() -> None:
    digest = "ab" * 32
    assert parse_header(f"v=2, nonce=a=b ,signature={digest},t=12") == Signature("12", "a=b", digest)


HEX = "a" * 64


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "t=1,nonce=a,signature=xyz",
        f"t=x,nonce=a,signature={HEX}",
        f"t=1,t=2,nonce=a,signature={HEX}",
        f"t=1,nonce=,signature={HEX}",
        f"t=1,nonce=\u00e9,signature={HEX}",
        f"t=1,nonce=a,signature={HEX},b={'c' * 1000}",
        f"t={'1' * 21},nonce=a,signature={HEX}",
        f"t=\u0661,nonce=a,signature={HEX}",
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(MalformedSignature):
        parse_header(header)


@given(st.text(max_size=80))
def test_any_header_is_read_or_refused(header: str) -> None:
    with contextlib.suppress(MalformedSignature):
        accepts(ADOPTABLE[0], parse_header(header), BODY)


def test_tolerance_counts_both_ways() -> None:
    assert [is_stale("1000", now=now, tolerance=300) for now in (699, 700, 1300, 1301)] == [True, False, False, True]


def test_a_nonce_that_is_longer_than_what_is_kept_of_it_is_refused() -> None:
    """Its length is pinned from what was kept: everything after it would be refused."""
    with pytest.raises(MalformedSignature):
        parse_header(f"t=1773304867,nonce={'a' * 201},signature={'0' * 64}")
    assert parse_header(f"t=1773304867,nonce={'a' * 200},signature={'0' * 64}").nonce
