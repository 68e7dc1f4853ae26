"""What is known of parts as of a moment of the past: their own evidence folded up to it, from the nearest checkpoint.

It says what the ledgers say until then, an event that came late standing where it belongs. One thing is known better
today: where a gap that nothing has filled spans the moment, stock changed at a time that nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from integrations.mobility_work.ordering import lower_bound
from portal.lib.statements import rows_of
from portal.stock.evidence import Evidence
from portal.stock.fold import fold
from portal.stock.standing import Confidence, Scope, Standing, low_of, of_part, of_place
from portal.stock.state import Chain, Low, OldFormat, State, load

NONE = b""
PartOfNetwork = tuple[UUID, str]
CHECKPOINTS = """
SELECT t.network_id, t.part, n.scope, c.order_key, c.checkpoint
FROM unnest(%s::uuid[], %s::text[]) AS t (network_id, part)
LEFT JOIN stock_networkscope n ON n.network_id = t.network_id
LEFT JOIN LATERAL (
    SELECT order_key, checkpoint FROM stock_entry e WHERE e.network_id = t.network_id AND e.part = t.part
        AND e.order_key < %s AND e.checkpoint IS NOT NULL ORDER BY e.order_key DESC LIMIT 1
) c ON true
"""
FIELDS = {
    "order_key": "order_key", "at": "occurred_at", "kind": "kind", "position": "position", "location": "location",
    "quantity": "quantity", "delta": "delta", "previous": "previous", "resulting": "resulting", "minimum": "minimum",
}  # fmt: skip
# Looked up by key for each part, also while PostgreSQL knows nothing yet of a network: OFFSET 0 leaves no other way.
ENTRIES = f"""
SELECT t.network_id, t.part, c.* FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS t (network_id, part, after)
CROSS JOIN LATERAL (
    SELECT {", ".join(FIELDS.values())} FROM stock_entry e WHERE e.network_id = t.network_id AND e.part = t.part
        AND e.order_key > t.after AND e.order_key < %s ORDER BY e.order_key OFFSET 0
) c ORDER BY t.network_id, t.part COLLATE "C", c.order_key
"""  # noqa: S608 - fixed parts only
SPANNING = """
SELECT t.network_id, t.part, c.location, c.since FROM unnest(%s::uuid[], %s::text[]) AS t (network_id, part)
CROSS JOIN LATERAL (
    SELECT location, since FROM stock_gap g WHERE g.network_id = t.network_id AND g.part = t.part
        AND g.closed_by IS NULL AND g.since < %s AND g.order_key >= %s OFFSET 0
) c
"""


@dataclass(frozen=True, slots=True)
class Then:
    """What is known of one part as of a moment."""

    state: State
    scope: Scope
    spanning: dict[str, datetime] = field(default_factory=dict)  # since when, by location: open gaps over the moment

    def of_part(self) -> Standing:
        """Return the level of the part, and how sure it is."""
        return _doubted(of_part(self.state, self.scope), self.spanning.values())

    def of_place(self, location: str) -> Standing:
        """Return the level at one location, and how sure it is."""
        since = [at for place, at in self.spanning.items() if place == location]
        return _doubted(of_place(self.state.places.get(location, Chain())), since)

    @property
    def low(self) -> Low:
        """Return since when it was out of stock and below its minimum."""
        return low_of(self.state, self.scope)


def known_at(parts: Collection[PartOfNetwork], until: datetime) -> dict[PartOfNetwork, Then]:
    """Return what is known of parts as of a moment, itself left out, in a fixed number of queries. Needs the scope."""
    if not parts:
        return {}
    bound = lower_bound(until)
    networks, keys = [network_id for network_id, _ in parts], [part for _, part in parts]
    states: dict[PartOfNetwork, State] = {}
    after: dict[PartOfNetwork, bytes] = {}
    scopes: dict[UUID, str | None] = {}
    for network_id, part, scope, key, checkpoint in rows_of(CHECKPOINTS, networks, keys, bound):
        scopes[network_id] = scope
        if key is None:
            continue
        try:
            states[network_id, part], after[network_id, part] = load(checkpoint), bytes(key)
        except OldFormat:
            continue  # folded from its beginning
    starts = [after.get(each, NONE) for each in parts]
    for (network_id, part), rows in groupby(rows_of(ENTRIES, networks, keys, starts, bound), key=lambda row: row[:2]):
        evidence = (_evidence(row[2:]) for row in rows)
        states[network_id, part] = fold(evidence, state=states.get((network_id, part))).state
    spanning: dict[PartOfNetwork, dict[str, datetime]] = {}
    for network_id, part, location, since in rows_of(SPANNING, networks, keys, until, bound):
        known = spanning.setdefault((network_id, part), {})
        known[location] = min(since, known.get(location, since))
    return {
        (network_id, part): Then(
            states.get((network_id, part), State()),
            Scope(scopes[network_id] or Scope.UNKNOWN),
            spanning.get((network_id, part), {}),
        )
        for network_id, part in parts
    }


def _evidence(row: tuple[Any, ...]) -> Evidence:
    values = dict(zip(FIELDS, row, strict=True))
    return Evidence(**{**values, "order_key": bytes(values["order_key"])})


def _doubted(standing: Standing, gaps: Collection[datetime]) -> Standing:
    if not gaps or standing.confidence is not Confidence.EXACT:
        return standing
    return replace(standing, confidence=Confidence.GAP, since=min(gaps))
