"""The order of events is total, and the same whatever order they were processed in."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from integrations.mobility_work.ordering import Tie, chain_indexes, lower_bound, occurred_at_of, order_key

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))
KEYS = st.tuples(MOMENTS, st.integers(0, 70_000), st.integers(0, 255), st.binary(min_size=32, max_size=32))


@given(KEYS, KEYS)
def test_keys_sort_as_their_parts_do(
    one: tuple[datetime, int, int, bytes], other: tuple[datetime, int, int, bytes]
) -> None:
    def key(parts: tuple[datetime, int, int, bytes]) -> bytes:
        return order_key(parts[0], chain_index=parts[1], rank=parts[2], identity=parts[3])

    def plain(parts: tuple[datetime, int, int, bytes]) -> tuple[datetime, int, int, bytes]:
        return (parts[0], min(parts[1], 0xFFFF), parts[2], parts[3][:16])

    assert (key(one) < key(other)) == (plain(one) < plain(other))
    assert len(key(one)) == 27
    assert occurred_at_of(key(one)) == one[0]


@given(MOMENTS, MOMENTS)
def test_a_bound_splits_the_log_at_its_moment(moment: datetime, bound: datetime) -> None:
    key = order_key(moment, chain_index=0, rank=0, identity=bytes(32))
    assert (key >= lower_bound(bound)) == (moment >= bound)
    last = order_key(moment, chain_index=0xFFFF, rank=255, identity=b"\xff" * 32)
    assert last < lower_bound(moment + timedelta(microseconds=1))


LEVELS = st.none() | st.integers(0, 4).map(Decimal)
TIES = st.lists(
    st.builds(
        Tie, identity=st.binary(min_size=2, max_size=2), rank=st.integers(40, 42), previous=LEVELS, resulting=LEVELS
    ),
    max_size=12,
    unique_by=lambda tie: tie.identity,
)


@given(TIES, st.randoms(use_true_random=False))
def test_any_ties_have_places_that_do_not_depend_on_their_order(ties: list[Tie], chance: random.Random) -> None:
    places = chain_indexes(ties)
    assert sorted(places.values()) == list(range(len(ties)))
    chance.shuffle(ties)
    assert chain_indexes(ties) == places


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_a_chain_is_found_also_when_levels_repeat(levels: list[int], chance: random.Random) -> None:
    names = [bytes([number]) for number in range(len(levels) - 1)]
    chance.shuffle(names)
    ties = [
        Tie(name, chance.choice([40, 50]), Decimal(before), Decimal(after))
        for name, (before, after) in zip(names, pairwise(levels), strict=True)
    ]
    chance.shuffle(ties)
    places = chain_indexes(ties)
    ordered = sorted(ties, key=lambda tie: places[tie.identity])
    assert all(one.resulting == following.previous for one, following in pairwise(ordered))


def test_a_count_that_changes_nothing_comes_before_what_follows_from_it() -> None:
    consumed, counted = Tie(b"a", 50, Decimal(3), Decimal(1)), Tie(b"b", 70, Decimal(3), Decimal("3.000000"))
    assert chain_indexes([consumed, counted]) == {b"b": 0, b"a": 1}


def test_what_cannot_be_joined_is_ordered_by_rank_and_identity() -> None:
    ties = [Tie(b"c", 50, Decimal(9), None), Tie(b"b", 50, None, None), Tie(b"a", 70, Decimal(2), Decimal(1))]
    assert chain_indexes(ties) == {b"b": 0, b"c": 1, b"a": 2}


def test_many_ties_cost_little() -> None:
    ties = [
        Tie(number.to_bytes(4, "big"), 50, Decimal(number % 7), Decimal((number + 1) % 7)) for number in range(20_000)
    ]
    assert len(chain_indexes(ties)) == 20_000
