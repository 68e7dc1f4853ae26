"""Reads the stock projection for the API: levels now and at a moment, ledgers and gaps.

Lists over several networks go through them in the order of their ids, so that one index scan per network serves a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from integrations.mobility_work.ordering import lower_bound
from portal.api.cursors import begins, text_of, two_texts
from portal.api.queries.rows import rows_of
from portal.networks.models import Network

PARTS = """
SELECT s.* FROM unnest(%(ids)s::uuid[], %(after)s::text[]) WITH ORDINALITY n(id, after, number)
CROSS JOIN LATERAL (
    SELECT p.network_id, p.part, p.level, p.as_of, p.confidence, p.doubtful_since, p.minimum, p.out_since,
        p.below_since, p.moved_at, p.consumed_at, p.position, p.places
    FROM stock_part p WHERE p.network_id = n.id AND p.part > n.after {conditions}
    ORDER BY p.part LIMIT %(limit)s
) s ORDER BY n.number, s.part LIMIT %(limit)s
"""
PLACES = """
SELECT s.* FROM unnest(%(ids)s::uuid[], %(after)s::text[], %(behind)s::text[]) WITH ORDINALITY
    n(id, after, behind, number)
JOIN stock_networkscope c ON c.network_id = n.id AND c.scope = 'location'
CROSS JOIN LATERAL (
    SELECT p.network_id, p.part, p.location, p.level, p.as_of, p.confidence, p.doubtful_since, p.position
    FROM stock_level p WHERE p.network_id = n.id AND (p.part, p.location) > (n.after, n.behind) {conditions}
    ORDER BY p.part, p.location LIMIT %(limit)s
) s ORDER BY n.number, s.part, s.location LIMIT %(limit)s
"""
OF_REFERENCE = """p.part IN (SELECT t.key FROM timeline_subject t
    WHERE t.network_id = n.id AND t.kind = 'part' AND t.reference = %(reference)s)"""
CONDITIONS = {
    "part": "p.part = %(part)s",
    "reference": OF_REFERENCE,
    "location": "p.location = %(location)s",
    "confidence": "p.confidence = %(confidence)s",
    "unmoved_since": "(p.moved_at IS NULL OR p.moved_at < %(unmoved_since)s)",
}
LOW = {
    ("out", True): "p.out_since IS NOT NULL",
    ("out", False): "p.out_since IS NULL",
    ("below", True): "p.below_since IS NOT NULL",
    ("below", False): "p.below_since IS NULL",
}
LEDGER = """
SELECT e.*, c.scope FROM stock_entry e LEFT JOIN stock_networkscope c ON c.network_id = e.network_id
WHERE e.network_id = %(network)s AND e.part = %(part)s AND e.order_key >= %(low)s AND e.order_key < %(high)s
    {conditions}
ORDER BY e.order_key DESC LIMIT %(limit)s
"""
GAPS = """
SELECT s.* FROM unnest(%(ids)s::uuid[], %(after)s::text[], %(behind)s::text[], %(keys)s::bytea[]) WITH ORDINALITY
    n(id, after, behind, key, number)
CROSS JOIN LATERAL (
    SELECT g.* FROM stock_gap g
    WHERE g.network_id = n.id AND (g.part, g.location, g.order_key) > (n.after, n.behind, n.key) {conditions}
    ORDER BY g.part, g.location, g.order_key LIMIT %(limit)s
) s ORDER BY n.number, s.part, s.location, s.order_key LIMIT %(limit)s
"""
# Every part, with the last line of its ledger until a moment; what is known of it then is folded (portal.stock.moment).
PARTS_AT = """
SELECT p.part, e.occurred_at, e.kind, e.position
FROM (SELECT part FROM stock_part WHERE network_id = %(network)s AND part > %(after)s ORDER BY part LIMIT %(limit)s) p
LEFT JOIN LATERAL (
    SELECT * FROM stock_entry e WHERE e.network_id = %(network)s AND e.part = p.part AND e.order_key < %(high)s
    ORDER BY e.order_key DESC LIMIT 1
) e ON true ORDER BY p.part
"""
PLACES_AT = """
SELECT p.part, p.location, e.occurred_at, e.kind, e.position
FROM (
    SELECT part, location FROM stock_level l WHERE l.network_id = %(network)s
        AND (l.part, l.location) > (%(after)s, %(behind)s)
        AND EXISTS (SELECT 1 FROM stock_networkscope c WHERE c.network_id = %(network)s AND c.scope = 'location')
    ORDER BY part, location LIMIT %(limit)s
) p LEFT JOIN LATERAL (
    SELECT * FROM stock_entry e WHERE e.network_id = %(network)s AND e.part = p.part AND e.location = p.location
        AND e.order_key < %(high)s ORDER BY e.order_key DESC LIMIT 1
) e ON true ORDER BY p.part, p.location
"""


def _where(wanted: dict[str, Any], low: dict[str, bool | None]) -> str:
    conditions = [CONDITIONS[name] for name, value in wanted.items() if value is not None]
    conditions += [LOW[name, value] for name, value in low.items() if value is not None]
    return "".join(f" AND {condition}" for condition in conditions)


def part_levels(
    networks: Sequence[Network], *, wanted: dict[str, Any], low: dict[str, bool | None], cursor: str, limit: int
) -> list[Any]:
    """Return what is known of parts now. `wanted` are values by the names in CONDITIONS, None = any."""
    ids, rest = begins(networks, cursor)
    after = [text_of(rest) if number == 0 else "" for number in range(len(ids))]
    return rows_of(PARTS.format(conditions=_where(wanted, low)), {**wanted, "ids": ids, "after": after, "limit": limit})


def place_levels(networks: Sequence[Network], *, wanted: dict[str, Any], cursor: str, limit: int) -> list[Any]:
    """Return what is known of parts at their locations now, on networks that were found to count locations."""
    ids, rest = begins(networks, cursor)
    part, location = two_texts(rest)
    others = [""] * max(len(ids) - 1, 0)
    begin = {"after": [part, *others][: len(ids)], "behind": [location, *others][: len(ids)]}
    values = {**wanted, **begin, "ids": ids, "limit": limit}
    return rows_of(PLACES.format(conditions=_where(wanted, {})), values)


def ledger(
    network_id: UUID,
    part: str,
    *,
    location: str | None,
    kinds: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    cursor: str,
    limit: int,
) -> list[Any]:
    """Return lines of a part's ledger, the latest first: from `since` on and before `until`."""
    high = lower_bound(until) if until else b"\xff" * 9
    if cursor:
        high = min(high, bytes.fromhex(cursor))
    conditions = " AND e.location = %(location)s" if location is not None else ""
    conditions += " AND e.kind = ANY (%(kinds)s)" if kinds else ""
    values = {"network": network_id, "part": part, "location": location, "kinds": list(kinds), "limit": limit}
    return rows_of(
        LEDGER.format(conditions=conditions), {**values, "low": lower_bound(since) if since else b"", "high": high}
    )


def gaps(networks: Sequence[Network], *, part: str | None, state: str, cursor: str, limit: int) -> list[Any]:
    """Return gaps that are `open`, `closed` or `all`."""
    ids, rest = begins(networks, cursor)
    key, (name, location) = rest[:27], two_texts(rest[27:])
    others = [""] * max(len(ids) - 1, 0)
    begin: dict[str, Any] = {"after": [name, *others][: len(ids)], "behind": [location, *others][: len(ids)]}
    begin["keys"] = [key, *([b""] * len(others))][: len(ids)]
    conditions = {"open": " AND g.closed_by IS NULL", "closed": " AND g.closed_by IS NOT NULL", "all": ""}[state]
    conditions += " AND g.part = %(part)s" if part is not None else ""
    return rows_of(GAPS.format(conditions=conditions), {**begin, "ids": ids, "part": part, "limit": limit})


def parts_at(network_id: UUID, moment: datetime, *, cursor: str, limit: int) -> list[Any]:
    """Return every part of a network as it stood at a moment, itself included."""
    after = text_of(bytes.fromhex(cursor))
    return rows_of(PARTS_AT, {**_moment(network_id, moment), "after": after, "limit": limit})


def places_at(network_id: UUID, moment: datetime, *, cursor: str, limit: int) -> list[Any]:
    """Return every part at every location of a network as it stood at a moment, itself included."""
    after, behind = two_texts(bytes.fromhex(cursor))
    return rows_of(PLACES_AT, {**_moment(network_id, moment), "after": after, "behind": behind, "limit": limit})


def behind(moment: datetime) -> datetime:
    """Return the first moment after one that is itself included."""
    return moment + timedelta(microseconds=1)


def _moment(network_id: UUID, moment: datetime) -> dict[str, Any]:
    return {"network": network_id, "high": lower_bound(behind(moment))}
