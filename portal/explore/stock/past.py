"""Which parts had a stock at a moment of the past: those of which something was told until then."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# The last entry of a part before the moment. What is known of the part then is folded (portal.stock.moment).
LAST_ENTRY = """
CROSS JOIN LATERAL (
    SELECT e.occurred_at, e.kind, e.position FROM stock_entry e
    WHERE e.network_id = p.network_id AND e.part = p.part AND e.order_key < %s ORDER BY e.order_key DESC LIMIT 1
) e
"""
# As the columns of a list of parts now (portal.explore.stock.parts); `as_they_stood` fills in the rest.
COLUMNS = """p.network_id, p.part, coalesce(s.label, '') AS label, coalesce(s.reference, '') AS reference,
    NULL::numeric AS level, e.occurred_at, '' AS confidence, NULL::timestamptz, NULL::numeric, NULL::timestamptz,
    NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, e.position, p.places, e.kind AS told_by"""
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
