"""Keeps the days of the coverage map: how many deliveries of which type, told from the log and added to by the drain.

A day is one of the network's site. Should its time zone change, all days are counted anew (docs/decisions/0015).

What the data can tell of a delivery: it is *live* when it was answered 200 as it came. One that was let out of the
quarantine was refused at first, which its row says. One that was loaded as history has an id that is much younger than
its receive time, for an id holds the time at which it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import DataError, connection, transaction

from portal.webhooks.models import CoverageZone

UTC = "UTC"
TABLES = ("webhooks_coverageday",)
# The first 48 bits of an id are the milliseconds at which it was made (RFC 9562, version 7).
LIVE = """(NOT d.from_quarantine AND abs(
    ('x' || substr(replace(d.id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0 - extract(epoch FROM d.received_at)
) < 600)"""
DAYS = f"""
SELECT p.network_id, r.type, (d.received_at AT TIME ZONE %(zone)s)::date, count(*), count(*) FILTER (WHERE p.repeat),
    count(*) FILTER (WHERE p.verdict <> 'unverified'), count(*) FILTER (WHERE d.from_quarantine),
    count(*) FILTER (WHERE {LIVE}), max(d.received_at) FILTER (WHERE {LIVE})
"""
COLUMNS = "network_id, type, day, deliveries, repeats, signed, released, live, last_live_at"
# Each delivery and reading is fetched by its key, also while PostgreSQL knows nothing yet of a network (standing.py).
OF_DELIVERIES = """
FROM (SELECT network_id, delivery_id, position, repeat, verdict FROM webhooks_processing
    WHERE network_id = (SELECT %(network)s::uuid) AND delivery_id = ANY (%(deliveries)s) AND state = 'done' OFFSET 0) p
CROSS JOIN LATERAL (SELECT id, received_at, from_quarantine FROM webhooks_delivery
    WHERE network_id = p.network_id AND id = p.delivery_id OFFSET 0) d
CROSS JOIN LATERAL (SELECT type FROM timeline_reading
    WHERE network_id = p.network_id AND position = p.position OFFSET 0) r
"""
ADD = f"""
INSERT INTO webhooks_coverageday AS c ({COLUMNS}) {DAYS} {OF_DELIVERIES} GROUP BY 1, 2, 3
ON CONFLICT (network_id, type, day) DO UPDATE SET deliveries = c.deliveries + EXCLUDED.deliveries,
    repeats = c.repeats + EXCLUDED.repeats, signed = c.signed + EXCLUDED.signed,
    released = c.released + EXCLUDED.released, live = c.live + EXCLUDED.live,
    last_live_at = greatest(c.last_live_at, EXCLUDED.last_live_at)
"""
ADD_SIGNED = f"""
UPDATE webhooks_coverageday c SET signed = c.signed + t.number
FROM (SELECT r.type, (d.received_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS number
    {OF_DELIVERIES} GROUP BY 1, 2) t
WHERE c.network_id = %(network)s AND c.type = t.type AND c.day = t.day
"""  # noqa: S608 - fixed parts only
FILL = f"""
INSERT INTO {{table}} ({COLUMNS}) {DAYS} FROM webhooks_processing p
JOIN webhooks_delivery d ON d.network_id = p.network_id AND d.id = p.delivery_id
JOIN timeline_reading r ON r.network_id = p.network_id AND r.position = p.position
WHERE p.network_id = %(network)s AND p.state = 'done' GROUP BY 1, 2, 3
"""


def follow_zone(network_id: UUID, wanted: str) -> None:
    """Have days begin at the midnights of a time zone: all are counted anew where they began at others.

    Call it before deliveries are filed as done. Needs the network's drain lock and its scope.
    """
    if zone_of(network_id) == wanted or not _is_known(wanted):
        return
    CoverageZone.objects.update_or_create(network_id=network_id, defaults={"zone": wanted})
    fill_again(network_id)


def zone_of(network_id: UUID) -> str:
    """Return the time zone whose days are counted. Needs the scope."""
    found = CoverageZone.objects.filter(network_id=network_id).values_list("zone", flat=True).first()
    return found or UTC


def _is_known(zone: str) -> bool:
    """Tell whether PostgreSQL knows a time zone: no delivery may fail for one that only Python knows."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT now() AT TIME ZONE %s", [zone])
    except DataError:
        return False
    return True


def add_deliveries(network_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Count deliveries that were just processed, each once. Needs the network's drain lock and its scope."""
    _execute(ADD, network_id, deliveries=list(delivery_ids))


def add_signed(network_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Count deliveries, processed earlier, whose signature is verified only now. Needs the lock and the scope."""
    _execute(ADD_SIGNED, network_id, deliveries=list(delivery_ids))


def fill(network_id: UUID, *, prefix: str = "") -> None:
    """Count all deliveries of a network into an empty table. Needs the lock and the scope."""
    _execute(FILL.format(table=prefix + TABLES[0]), network_id)


def fill_again(network_id: UUID) -> None:
    """Count all deliveries of a network anew, for a reader may call their types otherwise. Needs lock and scope."""
    _execute(f"DELETE FROM {TABLES[0]} WHERE network_id = %(network)s", network_id)  # noqa: S608
    fill(network_id)


def _execute(statement: str, network_id: UUID, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"network": network_id, "zone": zone_of(network_id), **values})
