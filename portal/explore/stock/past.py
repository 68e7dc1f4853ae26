"""The stock at a moment of the past, out of the running balances that every entry of the ledgers keeps."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# The last entry of a part before the moment, or of a part at the location that the list is narrowed to. An alert or a
# value of ours is no movement: how sure the level was follows from what the entry is, and from gaps that were open.
LAST_ENTRY = """
CROSS JOIN LATERAL (
    SELECT e.occurred_at, e.kind, e.position, e.places_after, e.part_after, e.minimum FROM stock_entry e
    WHERE e.network_id = p.network_id AND e.part = p.part AND e.order_key < %s ORDER BY e.order_key DESC LIMIT 1
) e LEFT JOIN stock_networkscope c ON c.network_id = p.network_id
"""
LEVEL = "CASE c.scope WHEN 'location' THEN e.places_after ELSE e.part_after END"
# A gap that was open then, and that no count had ended. A join of its own: asked for by EXISTS, the planner would read
# every entry and every gap there is into memory, to look up the few of a page.
OPEN_GAP = """
LEFT JOIN LATERAL (
    SELECT true AS is_open FROM stock_gap g WHERE g.network_id = p.network_id AND g.part = p.part
        AND g.closed_by IS NULL AND g.order_key < %s AND NOT EXISTS (
            SELECT 1 FROM stock_entry r WHERE r.network_id = g.network_id AND r.part = g.part
                AND r.order_key >= g.order_key AND r.order_key < %s AND r.kind = 'recounted'
                AND (g.location = '' OR r.location = g.location))
    LIMIT 1
) g ON true
"""
SURE = f"""CASE WHEN {LEVEL} IS NULL THEN 'unknown' WHEN e.kind = 'consumption_cancelled' THEN 'uncertain'
    WHEN e.kind IN ('out_of_stock', 'under_minimum', 'written') THEN 'observed' WHEN g.is_open THEN 'gap'
    ELSE 'exact' END"""
HERE = """(SELECT x.place_after FROM stock_entry x WHERE x.network_id = p.network_id AND x.part = p.part
    AND x.location = l.location AND x.order_key < %s AND x.place_after IS NOT NULL ORDER BY x.order_key DESC LIMIT 1)"""
# As the columns of a list of parts now (portal.explore.stock.parts); what was not kept of the past is left empty.
COLUMNS = f"""p.network_id, p.part, coalesce(s.label, '') AS label, coalesce(s.reference, '') AS reference,
    {LEVEL} AS level, e.occurred_at, {SURE}, NULL::timestamptz, NULL::numeric, NULL::timestamptz, NULL::timestamptz,
    NULL::timestamptz, NULL::timestamptz, e.position, p.places, e.kind AS told_by"""
# The networks of which something was known by then: a moment before all of it would be looked for in every ledger.
BEGUN = """
SELECT n.id FROM unnest(%s::uuid[]) n(id)
WHERE EXISTS (SELECT 1 FROM timeline_reading r WHERE r.network_id = n.id AND r.order_key < %s)
    OR EXISTS (SELECT 1 FROM stock_write w WHERE w.network_id = n.id AND w.order_key < %s)
"""


def begun(ids: Sequence[UUID], bound: bytes) -> list[UUID]:
    """Return the networks of which something was known before a bound. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute(BEGUN, [list(ids), bound, bound])
        return [network_id for (network_id,) in cursor.fetchall()]
