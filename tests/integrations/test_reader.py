"""The reader understands every captured example, and survives everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from integrations.facts import to_json
from integrations.mobility_work.events import EVENT_TYPES, TABLE, all_templates
from integrations.mobility_work.ordering import order_key
from integrations.mobility_work.reader import read
from integrations.mobility_work.reading import Reading

FIXTURES = Path(__file__).parent.parent / "fixtures" / "events"
OPENAPI = Path(__file__).parents[2] / "integrations" / "mobility_work" / "openapi.yaml"
RECEIVED = datetime(2026, 3, 20, 12, tzinfo=UTC)


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def test_every_documented_type_has_an_entry_and_an_example() -> None:
    documented = set(yaml.safe_load(OPENAPI.read_text())["webhooks"])
    assert {entry.name for entry in TABLE} == documented
    assert len(documented) == 11
    assert {path.stem.split(".")[0] for path in FIXTURES.glob("*.json")} == documented
    assert len({entry.rank for entry in TABLE}) == len(TABLE)


def test_every_sentence_used_is_listed_for_translators() -> None:
    listed = set(all_templates())
    for path in FIXTURES.glob("*.json"):
        assert read(path.read_bytes(), RECEIVED).sentence.template in listed


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"_event": "SparePartWasPolished"}, "unknown_event"),
        ({"surprise": 1}, "unknown_field"),
        ({"sparePart": 7}, "unexpected_type"),
        ({"_metadata": 5}, "odd_metadata"),
        ({"emittedAt": "yesterday"}, "unreadable_time"),
        ({"emittedAt": "2031-01-01T00:00:00Z"}, "time_in_future"),
        ({"emittedAt": "1999-12-31T00:00:00Z"}, "unreadable_time"),
        ({"consumed": {"quantity": "2"}}, "unexpected_type"),
        ({"networkId": {"id": 1}}, "unexpected_type"),
        ({"_sentAt": 1773304867}, "unexpected_type"),
        ({"sparePart": None}, "missing_required"),
        ({"sparePart": {"id": True}}, "unexpected_type"),
        ({"task": [1]}, "unexpected_type"),
        ({"consumed": {"quantity": 2, "colour": "red"}}, "unknown_field"),
    ],
)
def test_a_surprise_is_a_difference_not_a_failure(change: dict[str, object], code: str) -> None:
    body = json.loads(fixture("SparePartWasConsumed.onTask")) | change
    assert code in [difference.code for difference in read(json.dumps(body).encode(), RECEIVED).differences]


def test_a_missing_member_and_a_repeated_key_are_differences() -> None:
    body = json.loads(fixture("SparePartWasConsumed.onTask"))
    del body["initiator"]
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert "missing_required" in [difference.code for difference in reading.differences]
    assert reading.sentence.plain().startswith("Somebody consumed")
    repeated = read(b'{"_event":"X","_event":"Y"}', RECEIVED)
    assert "duplicate_keys" in [difference.code for difference in repeated.differences]


def test_a_planned_date_is_not_taken_for_the_act() -> None:
    body = json.loads(fixture("TaskWasScheduled.fromOurOwnWrite"))
    body["scheduled"]["on"] = (RECEIVED + timedelta(minutes=6)).isoformat()
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert (reading.occurred_at, reading.occurred_from) == (RECEIVED, "received")
    assert reading.differences == ()


def holds(reading: Reading) -> None:
    """Assert what every table and page relies on, whatever the body was."""
    stored = {
        "template": reading.sentence.template,
        "arguments": {name: [value.text, value.kind, value.key] for name, value in reading.sentence.arguments.items()},
        "subjects": [[subject.kind, subject.key, subject.label, subject.reference] for subject in reading.subjects],
        "facts": [to_json(fact) for fact in reading.facts],
        "differences": [[difference.code, difference.path, difference.detail] for difference in reading.differences],
        "terms": reading.terms,
        "rest": [reading.type, reading.idempotency_key, reading.vendor_network_id, reading.initiator, reading.chain],
    }
    text = json.dumps(stored, ensure_ascii=False, allow_nan=False)
    text.encode()  # no lone surrogate
    assert "\\u0000" not in text
    assert reading.sentence.plain()
    assert reading.sentence.template in all_templates()
    assert reading.facts
    assert datetime(2000, 1, 1, tzinfo=UTC) <= reading.occurred_at <= RECEIVED + timedelta(days=1)
    assert reading.occurred_at.utcoffset() == timedelta(0)
    assert all(0 < len(subject.key) <= 200 and len(subject.reference) <= 200 for subject in reading.subjects)
    assert len(reading.type) <= 200
    assert len(reading.chain or "") <= 420
    assert len(reading.occurred_from) <= 40
    for level in (reading.previous_stock, reading.resulting_stock):
        assert level is None or abs(level) < 10**18
    assert order_key(reading.occurred_at, chain_index=0, rank=reading.rank, identity=bytes(32))


@given(st.binary(max_size=200))
def test_any_bytes_have_a_reading(body: bytes) -> None:
    holds(read(body, RECEIVED))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
WORDS = ["_event", "sparePart", "location", "id", "name", "quantity", "previousStock", "by", "on", "userId", "type"]
# Members with the names that the readers look for, around values that they do not expect.
NAMED = st.recursive(
    JSON | st.sampled_from(["2026-03-12T08:41:05+00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
    lambda inner: st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=10,
)


@given(JSON)
def test_any_json_has_a_reading(value: object) -> None:
    holds(read(json.dumps(value).encode(), RECEIVED))


@given(st.sampled_from(sorted([*EVENT_TYPES, "Unheard"])), st.data())
def test_any_inner_shape_has_a_reading(name: str, data: st.DataObject) -> None:
    entry = EVENT_TYPES.get(name)
    members = sorted(entry.required | entry.optional) if entry else WORDS
    body = {member: data.draw(NAMED) for member in members if data.draw(st.booleans())} | {"_event": name}
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert reading.type == (entry.name if entry else name)
    assert reading.known == (entry is not None)
    holds(reading)


@pytest.mark.parametrize(
    ("body", "problem", "code"),
    [
        (b"\xff", "The body is not UTF-8 text.", None),
        (b"", "The body is not JSON.", None),
        (b"[1]", "The body is JSON, but not an object.", None),
        (b"[" * 100_000, "The body is nested too deeply.", None),
        (b'{"a":1,"a":2}', "", "duplicate_keys"),
        (b'{"a":NaN}', "", "odd_json"),
        (b"\xef\xbb\xbf{}", "", "odd_json"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(body: bytes, problem: str, code: str | None) -> None:
    reading = read(body, RECEIVED)
    assert reading.unreadable == problem
    assert code is None or code in [difference.code for difference in reading.differences]
    holds(reading)


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 5000, "1e15", "0.0000001"])
def test_no_number_is_too_odd(number: str) -> None:
    body = fixture("SparePartWasConsumed.onTask").replace(b'"quantity":2', b'"quantity":' + number.encode())
    holds(read(body, RECEIVED))


def test_text_that_would_deceive_is_cleaned() -> None:
    body = json.loads(fixture("SparePartWasConsumed.onTask"))
    body["sparePart"]["name"] = "Fil\u202etre\0 \ud800\n\x9bhuile " + "x" * 1000
    reading = read(json.dumps(body).encode(), RECEIVED)
    name = reading.sentence.arguments["part"].text
    assert name.startswith("Fil tre huile x")
    assert len(name) == 300
    holds(reading)


def test_a_subject_without_an_id_is_known_by_reference_then_by_name() -> None:
    body = json.loads(fixture("SparePartWasConsumed.onTask"))
    del body["sparePart"]["id"], body["location"]["id"]
    reading = read(json.dumps(body).encode(), RECEIVED)
    keys = {subject.kind: subject.key for subject in reading.subjects}
    assert (keys["part"], keys["location"]) == ("ref:FILT-GA37-OIL", "name:Magasin fluides")
    body["sparePart"] = body["location"] = []
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert {subject.kind for subject in reading.subjects} == {"task", "person"}
    assert "an unnamed spare part" in reading.sentence.plain()


def test_a_task_may_be_about_a_spare_part() -> None:
    body = json.loads(fixture("TaskWasStarted.oilChange"))
    body["associatedTo"] = {"type": "sparePart", "id": 88197, "name": "Filtre"}
    subjects = read(json.dumps(body).encode(), RECEIVED).subjects
    assert ("part", "id:88197") in {(subject.kind, subject.key) for subject in subjects}


def test_deep_nesting_is_unreadable_or_read_but_never_a_crash() -> None:
    assert read(b'{"_event":' + b"[" * 100_000, RECEIVED).unreadable
    assert read(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, RECEIVED).sentence.plain()
