"""The total order of a network's events (design section 4, "Order"), as bytes that sort by comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
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


def without_chain(key: bytes) -> bytes:
    """Return an order key without its place in a stock chain, which later events may change."""
    return key[:8] + bytes(2) + key[10:]


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
    """Return each movement's place in the chain that previous and resulting stock form, whatever the input order.

    Movements are the edges of a graph whose nodes are stock levels: a chain that explains them all is a trail that
    uses each edge once, which Hierholzer's algorithm finds wherever there is one, also when levels repeat. What
    cannot be joined follows in the order of rank and identity.
    """
    movements = sorted(ties, key=lambda tie: (tie.rank, tie.identity))
    # An unknown level is a node of its own: nothing leads there, or on from there.
    ends = {tie: (_node(tie.previous, tie, "before"), _node(tie.resulting, tie, "after")) for tie in movements}
    leaving: dict[Hashable, list[Tie]] = {}
    surplus: Counter[Hashable] = Counter()
    for tie in reversed(movements):
        start, end = ends[tie]
        leaving.setdefault(start, []).append(tie)
        surplus[start] += 1
        surplus[end] -= 1
    starts = [ends[tie][0] for tie in movements]
    starts.sort(key=lambda node: surplus[node] <= 0)  # stable: where more leaves than arrives, a chain begins
    order: list[Tie] = []
    for start in starts:
        order += _trail(start, leaving, ends)
    return {tie.identity: index for index, tie in enumerate(order)}


def _node(level: Decimal | None, tie: Tie, side: str) -> Hashable:
    return level if level is not None else (tie.identity, side)


def _trail(
    start: Hashable, leaving: dict[Hashable, list[Tie]], ends: dict[Tie, tuple[Hashable, Hashable]]
) -> list[Tie]:
    """Take a trail of movements that begins at a level, out of those that are left."""
    walk: list[tuple[Hashable, Tie | None]] = [(start, None)]
    trail: list[Tie] = []
    while walk:
        node, arrived_by = walk[-1]
        if leaving.get(node):
            tie = leaving[node].pop()
            walk.append((ends[tie][1], tie))
        else:
            walk.pop()
            if arrived_by is not None:
                trail.append(arrived_by)
    return trail[::-1]
