"""The rule by which events prove a stock that was sent, whatever the order in which they came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from integrations.mobility_work.ordering import lower_bound
from portal.jobs.evidence import Judgement, Observation, Verdict, judge, together

SENT_AT = datetime(2026, 3, 1, 8, 0, 0, 400_000, tzinfo=UTC)
GRACE = SENT_AT + timedelta(minutes=10)
SENT = Decimal(90)


def seen(minutes: float, *levels: int, position: int = 1) -> Observation:
    moment = (SENT_AT + timedelta(minutes=minutes)).replace(microsecond=0)
    return Observation(position, lower_bound(moment), moment, frozenset(map(Decimal, levels)))


def verdict(*observations: Observation) -> Verdict | None:
    found = judge(observations, sent=SENT, sent_at=SENT_AT, grace_until=GRACE)
    return found.verdict if found else None


def test_the_level_left_or_the_level_found_confirms() -> None:
    assert verdict(seen(1, 116, 90)) is Verdict.CONFIRMED
    assert verdict(seen(3, 90, 87)) is Verdict.CONFIRMED
    # In the second of sending: the vendor writes whole seconds.
    assert verdict(seen(0, 90)) is Verdict.CONFIRMED


def test_what_was_before_proves_nothing() -> None:
    assert verdict(seen(-1, 90)) is None
    assert verdict() is None
    assert verdict(seen(20)) is None  # an event without figures


def test_only_an_event_from_after_the_grace_time_contradicts() -> None:
    assert verdict(seen(9, 116, 115)) is None
    assert verdict(seen(11, 116, 115)) is Verdict.CONTRADICTED
    assert verdict(seen(9, 116, 115), seen(12, 90, 88)) is Verdict.CONFIRMED


def test_later_movements_take_nothing_back() -> None:
    assert verdict(seen(1, 116, 90), seen(60, 87, 85), seen(90, 85, 12)) is Verdict.CONFIRMED


def test_one_thing_against_it_outweighs_those_for_it() -> None:
    good, bad = (Judgement(each, seen(1)) for each in (Verdict.CONFIRMED, Verdict.CONTRADICTED))
    assert together([good, None]) is Verdict.CONFIRMED
    assert together([good, bad, None]) is Verdict.CONTRADICTED
    assert together([None]) is None


@given(
    st.lists(
        st.tuples(st.floats(-30, 60), st.lists(st.integers(88, 92), max_size=2)), max_size=8, unique_by=lambda x: x[0]
    ),
    st.integers(),
)
def test_the_order_in_which_events_come_does_not_matter(events: list[tuple[float, list[int]]], seed: int) -> None:
    observations = [seen(minutes, *levels, position=place) for place, (minutes, levels) in enumerate(events)]
    shuffled = list(observations)
    Random(seed).shuffle(shuffled)
    assert verdict(*observations) == verdict(*shuffled)
    # What is confirmed by some events is confirmed by more of them.
    for count in range(len(shuffled)):
        if verdict(*shuffled[:count]) is Verdict.CONFIRMED:
            assert verdict(*shuffled) is Verdict.CONFIRMED
