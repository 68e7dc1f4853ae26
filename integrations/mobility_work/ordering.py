"""The total order of a network's events (design section 4, "Order"), as bytes that sort by comparison."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSET = 1 << 63
MICROSECOND = timedelta(microseconds=1)
MAX_CHAIN_INDEX = 0xFFFF


def lower_bound(moment: datetime) -> bytes:
    """Return the bytes that sort before every key of an event at or after `moment`."""
    return ((moment - EPOCH) // MICROSECOND + OFFSET).to_bytes(8, "big")


def order_key(occurred_at: datetime, *, chain_index: int, rank: int, identity: bytes) -> bytes:
    """Return the 27 bytes by which an event is ordered: time, place in its stock chain, rank of kind, identity."""
    index = min(chain_index, MAX_CHAIN_INDEX).to_bytes(2, "big")
    return lower_bound(occurred_at) + index + bytes([rank]) + identity[:16]


def occurred_at_of(key: bytes) -> datetime:
    """Return the time inside an order key."""
    return EPOCH + (int.from_bytes(key[:8], "big") - OFFSET) * MICROSECOND


@dataclass(frozen=True, slots=True)
class Tie:
    """A stock movement that happened at the same time as others of the same part and location."""

    identity: bytes
    rank: int
    previous: Decimal | None
    resulting: Decimal | None


def chain_indexes(ties: Iterable[Tie]) -> dict[bytes, int]:
    """Return each movement's place in the chain that previous and resulting stock form.

    Deterministic for any input order: a chain starts where no other movement leads to, then follows resulting ->
    previous; among equals the rank and then the identity decide.
    """
    left = sorted(ties, key=lambda tie: (tie.rank, tie.identity))
    order: dict[bytes, int] = {}
    level: Decimal | None = None
    while left:
        following = next((tie for tie in left if level is not None and tie.previous == level), None)
        if following is None:
            reached = [tie.resulting for tie in left if tie.resulting is not None]
            following = next((tie for tie in left if tie.previous is not None and tie.previous not in reached), left[0])
        left.remove(following)
        order[following.identity] = len(order)
        level = following.resulting
    return order
