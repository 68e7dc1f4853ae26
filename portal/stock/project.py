"""The one writer of the stock projection: folds what is new, or everything again, by the same statements.

The caller holds the network's drain lock and its scope, and brings the evidence: this app knows no events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from portal.lib.statements import execute_binary
from portal.stock.evidence import Evidence, Gap
from portal.stock.fold import Ledger, fold
from portal.stock.standing import Scope, low_of, of_part, of_place, scope_of
from portal.stock.state import OldFormat, State, dump, load
from portal.stock.statements import (
    CHECKPOINTS,
    DELETE_ENTRIES,
    DELETE_GAPS,
    DELETE_LEVELS,
    DELETE_PARTS,
    INSERT_ENTRIES,
    UPSERT_GAPS,
    UPSERT_LEVELS,
    UPSERT_PARTS,
)

PARTS_AT_ONCE = 1000
NONE = b""
# Given part and order key pairs, yields the evidence of each part after that key, parts together and each in order.
EvidenceOf = Callable[[Sequence[tuple[str, bytes]]], Iterable[tuple[str, Evidence]]]


@dataclass(frozen=True, slots=True)
class Start:
    """Where the fold of a part begins."""

    state: State
    key: bytes  # of the last entry that stays
    at_head: bool  # nothing that is stored comes after it


@dataclass(frozen=True, slots=True)
class Target:
    """Which tables are written: the live ones, or a shadow beside them."""

    network_id: UUID
    prefix: str = ""

    def sql(self, statement: str) -> str:
        """Return a statement that speaks of these tables."""
        return statement.replace("{p}", self.prefix)


def apply(network_id: UUID, since: Mapping[str, bytes], evidence_of: EvidenceOf, *, prefix: str = "") -> None:
    """Fold the evidence of these parts from the given order keys on; everything before stays as it is."""
    _apply(Target(network_id, prefix), since, evidence_of)


def places_of(network_id: UUID, positions: Iterable[int]) -> set[tuple[str, bytes]]:
    """Return the parts in whose ledgers these events stand, each with the event's place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT part, order_key FROM stock_entry WHERE network_id = %s AND position = ANY (%s)",
            [network_id, list(positions)],
        )
        return {(part, bytes(key)) for part, key in cursor.fetchall()}


def scope_now(network_id: UUID) -> Scope:
    """Return what the network's figures were found to count."""
    return _scope(Target(network_id))[2]


def _apply(target: Target, since: Mapping[str, bytes], evidence_of: EvidenceOf) -> None:
    location, part, scope = _scope(target)
    more_location, more_part = _fold_parts(target, since, evidence_of, scope)
    location, part = location + more_location, part + more_part
    found = scope_of(location, part)
    with connection.cursor() as cursor:
        cursor.execute(
            target.sql(
                "INSERT INTO {p}stock_networkscope (network_id, votes_location, votes_part, scope)"
                " VALUES (%(network)s, %(location)s, %(part)s, %(scope)s) ON CONFLICT (network_id) DO UPDATE SET"
                " votes_location = EXCLUDED.votes_location, votes_part = EXCLUDED.votes_part, scope = EXCLUDED.scope"
            ),
            {"network": target.network_id, "location": location, "part": part, "scope": found.value},
        )
    if found is not scope:
        # Levels and gaps of every part mean something else now. It happens early in a network's life, if at all.
        _fold_parts(target, dict.fromkeys(_all_parts(target), NONE), evidence_of, found)


def _scope(target: Target) -> tuple[int, int, Scope]:
    with connection.cursor() as cursor:
        cursor.execute(
            target.sql("SELECT votes_location, votes_part, scope FROM {p}stock_networkscope WHERE network_id = %s"),
            [target.network_id],
        )
        row = cursor.fetchone()
    return (row[0], row[1], Scope(row[2])) if row else (0, 0, Scope.UNKNOWN)


def _all_parts(target: Target) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            target.sql("SELECT part FROM {p}stock_part WHERE network_id = %s ORDER BY part"), [target.network_id]
        )
        return [part for (part,) in cursor.fetchall()]


def _fold_parts(target: Target, since: Mapping[str, bytes], evidence_of: EvidenceOf, scope: Scope) -> tuple[int, int]:
    """Fold parts, some at a time, and return by how much the votes for location and part have grown."""
    parts = sorted(since)
    location = part = 0
    for first in range(0, len(parts), PARTS_AT_ONCE):
        chunk = parts[first : first + PARTS_AT_ONCE]
        starts = _starts(target, {name: since[name] for name in chunk})
        taken = _take_back(target, starts)
        ledgers = dict(_ledgers(starts, evidence_of))
        _store(target, starts, ledgers, scope)
        votes = [entry.vote for ledger in ledgers.values() for entry in ledger.entries if entry.vote]
        location += votes.count("location") - taken[0]
        part += votes.count("part") - taken[1]
    return location, part


def _starts(target: Target, since: Mapping[str, bytes]) -> dict[str, Start]:
    """Return where each part's fold begins: at its head, at the last checkpoint before the change, or at nothing."""
    starts = {part: Start(State(), NONE, False) for part in since}
    with connection.cursor() as cursor:
        cursor.execute(
            target.sql("SELECT part, head_key, state FROM {p}stock_part WHERE network_id = %s AND part = ANY (%s)"),
            [target.network_id, list(since)],
        )
        heads = {part: (bytes(key), state) for part, key, state in cursor.fetchall()}
        late = [(part, since[part]) for part, (key, _) in heads.items() if key >= since[part] and since[part]]
        for part, (key, state) in heads.items():
            if key < since[part]:
                starts[part] = _start(state, key, at_head=True)
        if late:
            cursor.execute(
                target.sql(CHECKPOINTS), [[part for part, _ in late], [key for _, key in late], target.network_id]
            )
            for part, key, state in cursor.fetchall():
                starts[part] = _start(state, bytes(key), at_head=False)
    for part in since.keys() - heads.keys():
        starts[part] = Start(State(), NONE, True)
    return starts


def _start(stored: Any, key: bytes, *, at_head: bool) -> Start:
    try:
        return Start(load(stored), key, at_head)
    except OldFormat:
        return Start(State(), NONE, False)


def _take_back(target: Target, starts: Mapping[str, Start]) -> tuple[int, int]:
    """Remove what is folded anew, and return how many votes for location and part go with it."""
    late = [(part, start.key) for part, start in starts.items() if not start.at_head]
    if not late:
        return 0, 0
    parts, keys = [part for part, _ in late], [key for _, key in late]
    with connection.cursor() as cursor:
        cursor.execute(target.sql(DELETE_ENTRIES), [parts, keys, target.network_id])
        location, part_votes = cursor.fetchone()
        cursor.execute(target.sql(DELETE_GAPS), [parts, keys, target.network_id])
        cursor.execute(target.sql(DELETE_LEVELS), [target.network_id, parts])
    return location, part_votes


def _ledgers(starts: Mapping[str, Start], evidence_of: EvidenceOf) -> Iterator[tuple[str, Ledger]]:
    found = evidence_of([(part, start.key) for part, start in starts.items()])
    left = set(starts)
    for part, items in groupby(found, key=lambda pair: pair[0]):
        left.discard(part)
        yield part, fold((evidence for _, evidence in items), state=starts[part].state)
    for part in sorted(left):
        yield part, fold((), state=starts[part].state)


def _store(target: Target, starts: Mapping[str, Start], ledgers: Mapping[str, Ledger], scope: Scope) -> None:
    heads = {
        part: ledger.entries[-1].evidence.order_key if ledger.entries else starts[part].key
        for part, ledger in ledgers.items()
    }
    gone = [part for part, key in heads.items() if key == NONE]
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(target.sql(DELETE_PARTS), [target.network_id, gone])
    kept = {part: ledger for part, ledger in ledgers.items() if heads[part] != NONE}
    _write(target, INSERT_ENTRIES, [_entry(part, entry) for part, ledger in kept.items() for entry in ledger.entries])
    _write(target, UPSERT_PARTS, [_part(part, ledger.state, heads[part], scope) for part, ledger in kept.items()])
    _write(
        target,
        UPSERT_LEVELS,
        [_level(part, key, ledger) for part, ledger in kept.items() for key in ledger.state.places],
    )
    raised = [(part, gap) for part, ledger in kept.items() for gap in ledger.gaps.values() if _is_raised(gap, scope)]
    _write(target, UPSERT_GAPS, [_gap(part, gap) for part, gap in raised])


def _is_raised(gap: Gap, scope: Scope) -> bool:
    """A gap counts only in the scope that is proven; where none is yet, only if both chains break alike."""
    if scope is Scope.UNKNOWN:
        return gap.agreed and not gap.location
    return bool(gap.location) == (scope is Scope.LOCATION)


def _write(target: Target, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows as arrays, one per column, in one statement."""
    if rows:
        execute_binary(target.sql(statement), target.network_id, *(list(column) for column in zip(*rows, strict=True)))


def _entry(part: str, entry: Any) -> tuple[Any, ...]:
    evidence, place, whole = entry.evidence, entry.place, entry.part
    return (
        part, evidence.order_key, evidence.position, evidence.kind, evidence.at, evidence.location, evidence.quantity,
        evidence.delta, evidence.previous, evidence.resulting, evidence.minimum, evidence.task, evidence.person,
        evidence.job_id, evidence.row, place.before, place.gap, place.since, place.explained, whole.before, whole.gap,
        whole.since, whole.explained, entry.vote, entry.place_after, entry.places_after, entry.part_after,
        entry.checkpoint,
    )  # fmt: skip


def _part(part: str, state: State, head: bytes, scope: Scope) -> tuple[Any, ...]:
    standing, low = of_part(state, scope), low_of(state, scope)
    return (
        part, standing.level, standing.as_of, standing.confidence.value, standing.since, state.minimum, low.out_since,
        low.below_since, state.moved_at, state.consumed_at, state.position, len(state.places), head, dump(state),
    )  # fmt: skip


def _level(part: str, location: str, ledger: Ledger) -> tuple[Any, ...]:
    chain = ledger.state.places[location]
    standing = of_place(chain)
    return (
        part, location, standing.level, standing.as_of, standing.confidence.value, standing.since, chain.position,
    )  # fmt: skip


def _gap(part: str, gap: Gap) -> tuple[Any, ...]:
    return (
        part, gap.location, gap.order_key, gap.position, gap.before, gap.after, gap.since, gap.until, gap.closed_by,
    )  # fmt: skip
