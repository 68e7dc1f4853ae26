"""Facts survive storage exactly, and no other fact exists."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.facts import FACTS, Fact, LevelObserved, from_json, to_json

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBER = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15)
DRAWS = {
    "str": TEXT,
    "str | None": st.none() | TEXT,
    "Decimal": NUMBER,
    "Decimal | None": st.none() | NUMBER,
    "tuple[str, ...]": st.lists(TEXT, max_size=3).map(tuple),
    "tuple[tuple[str, str], ...]": st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
}
ANY_FACT = st.one_of(
    [st.builds(kind, **{field.name: DRAWS[str(field.type)] for field in fields(kind)}) for kind in FACTS.values()]
)


@given(ANY_FACT)
def test_a_fact_survives_storage(fact: Fact) -> None:
    stored = json.loads(json.dumps(to_json(fact)))
    again = from_json(stored)
    assert again == fact
    assert type(again) is type(fact)
    assert to_json(again) == to_json(fact)


def test_the_set_is_closed() -> None:
    with pytest.raises(KeyError):
        from_json({"fact": "guessed"})
    assert set(FACTS) == {
        "level_observed", "quantity_moved", "task_changed", "activity_added", "threshold_crossed", "noted",
    }  # fmt: skip


def test_what_an_older_reader_did_not_store_is_absent() -> None:
    stored = to_json(LevelObserved(part="id:1", location=None, level=Decimal(1), minimum=None))
    del stored["minimum"]
    assert from_json(stored) == LevelObserved(part="id:1", location=None, level=Decimal(1))
