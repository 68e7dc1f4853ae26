"""The reader understands every captured example, and survives everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from integrations.mobility_work.events import EVENT_TYPES, TABLE, all_templates
from integrations.mobility_work.reader import read

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
        ({"consumed": {"quantity": "2"}}, "unexpected_type"),
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
    body["scheduled"]["on"] = (RECEIVED + timedelta(days=3)).isoformat()
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert (reading.occurred_at, reading.occurred_from) == (RECEIVED, "received")
    assert reading.differences == ()


@given(st.binary(max_size=200))
def test_any_bytes_have_a_reading(body: bytes) -> None:
    assert read(body, RECEIVED).sentence.plain()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(sorted(EVENT_TYPES)), st.data())
def test_any_inner_shape_has_a_reading_that_json_and_text_columns_can_hold(name: str, data: st.DataObject) -> None:
    entry = EVENT_TYPES[name]
    body = {member: data.draw(JSON) for member in sorted(entry.required | entry.optional)} | {"_event": name}
    reading = read(json.dumps(body).encode(), RECEIVED)
    assert reading.type == entry.name
    for text in [*reading.terms, reading.sentence.plain(), *(s.label + s.key for s in reading.subjects)]:
        assert "\0" not in text
        text.encode()


def test_deep_nesting_is_unreadable_or_read_but_never_a_crash() -> None:
    assert read(b'{"_event":' + b"[" * 100_000, RECEIVED).unreadable
    assert read(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, RECEIVED).sentence.plain()
