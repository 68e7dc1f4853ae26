"""The latest open gaps of a network, and whether a refused delivery may explain them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from portal.lib.ids import first_id_at
from portal.networks.models import Network

SHOWN = 8
GAPS = """
SELECT g.part, coalesce(s.label, g.part), g.location, g.before, g.after, g.since, g.until
FROM stock_gap g LEFT JOIN timeline_subject s ON s.network_id = g.network_id AND s.kind = 'part' AND s.key = g.part
WHERE g.network_id = %s AND g.closed_by IS NULL ORDER BY g.until DESC LIMIT %s
"""
# An id holds the time at which it was made, which is when the delivery came.
REFUSED = """
SELECT EXISTS (SELECT FROM webhooks_quarantineddelivery q WHERE q.network_id = %s AND q.id >= t.low AND q.id < t.high)
FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY t (low, high, number) ORDER BY t.number
"""


@dataclass(frozen=True, slots=True)
class OpenGap:
    """Stock that changed without an event."""

    part: str
    label: str
    location: str
    before: Decimal
    after: Decimal
    since: datetime
    until: datetime
    may_be_refused: bool  # a delivery was refused meanwhile, and is kept in the quarantine

    @property
    def missing(self) -> Decimal:
        return (self.after - self.before).normalize()


def gaps_of(network: Network) -> list[OpenGap]:
    """Return the latest open gaps, in two queries. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS, [network.id, SHOWN])
        rows = cursor.fetchall()
        lows, highs = [first_id_at(row[5]) for row in rows], [first_id_at(row[6]) for row in rows]
        cursor.execute(REFUSED, [network.id, lows, highs])
        refused = [found for (found,) in cursor.fetchall()]
    return [OpenGap(*(*row, is_refused)) for row, is_refused in zip(rows, refused, strict=True)]
