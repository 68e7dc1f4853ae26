"""Chains of stock levels: what joins, what is missing, and how sure a level is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.stock.evidence import Evidence
from portal.stock.fold import Ledger, fold
from portal.stock.standing import Confidence, Scope, of_part, of_place, scope_of
from portal.stock.state import State, dump, load

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def number(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def evidence(minute: int, kind: str, previous: int | None = None, quantity: int | None = None, **more: Any) -> Evidence:
    """Return a movement `minute` minutes after noon; its resulting level follows from previous and quantity."""
    delta: int | None = None
    if quantity is not None and kind in {"consumed", "restocked"}:
        delta = -quantity if kind == "consumed" else quantity
    resulting = more.pop("level", None)
    if kind == "recounted":
        resulting = quantity
    elif resulting is None and previous is not None and delta is not None:
        resulting = previous + delta
    return Evidence(
        order_key=minute.to_bytes(11, "big") + bytes([minute % 251]) * 16,
        at=NOON + timedelta(minutes=minute),
        kind=kind,
        position=more.pop("position", minute + 1) if kind != "written" else None,
        location=more.pop("location", "A" if kind in {"consumed", "restocked", "recounted"} else ""),
        quantity=number(quantity),
        delta=number(delta),
        previous=number(previous),
        resulting=number(resulting),
        minimum=number(more.pop("minimum", None)),
        **more,
    )


def gaps_of(ledger: Ledger, location: str = "A") -> list[tuple[int, int, bool]]:
    return [(int(g.before), int(g.after), g.is_closed) for g in ledger.gaps.values() if g.location == location]


def test_a_chain_that_joins_is_exact() -> None:
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(5, "restocked", 8, 4), evidence(9, "consumed", 12, 1)])
    standing = of_place(ledger.state.places["A"])
    assert (standing.level, standing.confidence) == (11, Confidence.EXACT)
    assert standing.as_of == NOON + timedelta(minutes=9)
    assert not ledger.gaps
    assert [entry.place.gap for entry in ledger.entries] == [None, 0, 0]


def test_a_missing_event_shows_as_a_gap_between_two_times() -> None:
    ledger = fold([evidence(2, "consumed", 10, 2), evidence(31, "consumed", 15, 1)])
    (gap,) = [gap for gap in ledger.gaps.values() if gap.location == "A"]
    assert (gap.after - gap.before, gap.since, gap.until) == (
        7,
        NOON + timedelta(minutes=2),
        NOON + timedelta(minutes=31),
    )
    standing = of_place(ledger.state.places["A"])
    assert (standing.level, standing.confidence, standing.since) == (14, Confidence.GAP, NOON + timedelta(minutes=2))


def test_a_late_event_without_a_time_fills_the_gap_that_it_left() -> None:
    """It is ordered after events that follow it: it came late, and nothing says when it happened."""
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(5, "consumed", 7, 1), evidence(20, "consumed", 8, 1)])
    assert gaps_of(ledger) == [(8, 7, True)]
    assert of_place(ledger.state.places["A"]).level == 6
    assert of_place(ledger.state.places["A"]).confidence is Confidence.EXACT
    assert ledger.entries[2].place.explained == "late"


def test_a_late_event_may_fill_a_part_of_a_gap() -> None:
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(5, "consumed", 3, 1), evidence(20, "consumed", 8, 2)])
    assert gaps_of(ledger) == [(6, 3, False)]


def test_a_count_makes_the_level_sure_again_and_keeps_the_gap() -> None:
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(5, "consumed", 6, 1), evidence(9, "recounted", 5, 5)])
    assert gaps_of(ledger) == [(8, 6, False)]
    assert of_place(ledger.state.places["A"]).confidence is Confidence.EXACT


def test_a_cancelled_consumption_is_resolved_by_the_next_event() -> None:
    cancelled = evidence(5, "consumption_cancelled", location="A")
    before = fold([evidence(0, "consumed", 10, 2), cancelled])
    assert of_place(before.state.places["A"]).confidence is Confidence.UNCERTAIN
    after = fold([evidence(0, "consumed", 10, 2), cancelled, evidence(9, "consumed", 10, 1)])
    assert not gaps_of(after)
    assert after.entries[2].place.explained == "cancellation"
    assert of_place(after.state.places["A"]) == of_place(fold([evidence(9, "consumed", 10, 1)]).state.places["A"])


def test_a_write_of_ours_explains_a_break() -> None:
    written = evidence(5, "written", level=90)
    ledger = fold([evidence(0, "consumed", 118, 2), written, evidence(9, "consumed", 90, 1)])
    assert not gaps_of(ledger)
    assert ledger.entries[2].place.explained == "write"
    standing = of_part(fold([evidence(0, "consumed", 118, 2), written]).state, Scope.LOCATION)
    assert (standing.level, standing.confidence) == (90, Confidence.OBSERVED)


def test_an_alert_is_observed_and_its_minimum_remembered() -> None:
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(4, "under_minimum", level=1, minimum=3)])
    standing = of_part(ledger.state, Scope.LOCATION)
    assert (standing.level, standing.confidence) == (1, Confidence.OBSERVED)
    assert ledger.state.low_by_places.below_since == NOON + timedelta(minutes=4)
    agreed = fold([evidence(0, "consumed", 10, 8), evidence(4, "under_minimum", level=2, minimum=3)])
    assert of_part(agreed.state, Scope.LOCATION).confidence is Confidence.EXACT


def test_out_of_stock_lasts_until_something_comes() -> None:
    out = [evidence(0, "consumed", 2, 2), evidence(1, "out_of_stock", level=0, minimum=1)]
    state = fold(out).state
    assert state.low_by_places.out_since == NOON
    again = fold([*out, evidence(8, "restocked", 0, 5)]).state
    assert again.low_by_places.out_since is None


def test_what_previous_stock_counts_is_found_from_events_that_can_tell() -> None:
    by_location = fold(
        [
            evidence(0, "consumed", 10, 1),
            evidence(1, "consumed", 5, 1, location="B"),
            evidence(2, "consumed", 9, 1),
            evidence(3, "consumed", 4, 1, location="B"),
        ]
    )
    assert [entry.vote for entry in by_location.entries] == ["", "", "location", "location"]
    by_part = fold(
        [
            evidence(0, "consumed", 15, 1),
            evidence(1, "consumed", 14, 1, location="B"),
            evidence(2, "consumed", 13, 1),
        ]
    )
    assert [entry.vote for entry in by_part.entries] == ["", "", "part"]
    assert scope_of(4, 0) is Scope.UNKNOWN
    assert scope_of(5, 0) is Scope.LOCATION
    assert scope_of(1, 9) is Scope.PART
    assert scope_of(5, 5) is Scope.UNKNOWN


def test_a_part_seen_at_one_location_breaks_alike_in_both_chains() -> None:
    ledger = fold([evidence(0, "consumed", 10, 2), evidence(5, "consumed", 6, 1)])
    assert {gap.agreed for gap in ledger.gaps.values()} == {True}


@st.composite
def histories(draw: st.DrawFn) -> list[Evidence]:
    """Any evidence in order, sensible or not."""
    length = draw(st.integers(1, 25))
    kinds = ("consumed", "restocked", "recounted", "consumption_cancelled", "under_minimum", "out_of_stock", "written")
    levels = st.none() | st.integers(0, 6)
    made = []
    for minute in range(length):
        kind = draw(st.sampled_from(kinds))
        item = evidence(minute, kind, draw(levels), draw(levels), minimum=draw(levels))
        if kind in {"under_minimum", "out_of_stock", "written"}:
            item = replace(item, resulting=number(draw(levels)), previous=None, location="")
        else:
            item = replace(item, location=draw(st.sampled_from(["", "A", "B"])))
        made.append(item)
    return made


@settings(deadline=None)
@given(histories(), st.data())
def test_a_fold_may_stop_anywhere_and_go_on(history: list[Evidence], data: st.DataObject) -> None:
    """Rebuilt = live: what is remembered between two batches is all that matters."""
    whole = fold(history)
    cut = data.draw(st.integers(0, len(history)))
    first = fold(history[:cut])
    second = fold(history[cut:], state=load(dump(first.state)))
    assert dump(second.state) == dump(whole.state)
    assert [*first.entries, *second.entries] == whole.entries
    assert {**first.gaps, **second.gaps} == whole.gaps


@settings(deadline=None)
@given(histories())
def test_any_history_has_a_standing(history: list[Evidence]) -> None:
    state = fold(history).state
    for scope in Scope:
        standing = of_part(state, scope)
        assert (standing.level is None) == (standing.confidence is Confidence.UNKNOWN)
    for gap in fold(history).gaps.values():
        assert gap.is_closed or gap.before != gap.after


@pytest.mark.parametrize("scope", list(Scope))
def test_nothing_known_is_said_to_be_unknown(scope: Scope) -> None:
    assert of_part(State(), scope).confidence is Confidence.UNKNOWN
