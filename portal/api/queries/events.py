"""Reads events for the API: in the timeline's order by its own query, and in the order in which they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.mobility_work.terms import search_terms
from portal.api.queries.rows import rows_of
from portal.timeline.filters import HIGHEST, LOWEST, Filters
from portal.timeline.models import EventSubject, Reading

# With filters a page looks through so many events at most, so that it costs the same whatever it finds.
LOOKED_THROUGH = 5000
COLUMNS = """r.network_id, r.position, r.type, r.occurred_at, r.occurred_from, r.first_received_at,
    r.last_received_at, r.deliveries, r.verified, r.flags, r.sentence, r.previous_stock, r.resulting_stock,
    r.idempotency_key, r.known, r.unreadable"""
SINCE = f"""
SELECT {COLUMNS} FROM timeline_reading r
WHERE r.network_id = %(network)s AND r.position > %(since)s AND r.position <= %(last)s
    AND r.order_key >= %(low)s AND r.order_key < %(high)s {{conditions}}
ORDER BY r.position LIMIT %(limit)s
"""  # noqa: S608 - fixed parts only
AHEAD = """
SELECT max(position), count(*) FROM (SELECT position FROM timeline_reading
    WHERE network_id = %s AND position > %s ORDER BY position LIMIT %s) r
"""
ABOUT = """EXISTS (SELECT 1 FROM timeline_eventsubject s WHERE s.network_id = r.network_id AND s.position = r.position
    AND s.kind = %(kind)s AND s.key = %(key)s)"""


def events_since(
    network_id: UUID, since: int, filters: Filters, *, zone: ZoneInfo, now: datetime, limit: int
) -> tuple[list[Any], int | None]:
    """Return events in the order of their positions, and the position behind which the next page begins.

    None where nothing further is recorded. A page that looked through many events in vain has no rows and a next page.
    """
    low, high = filters.bounds(zone, now)
    words = search_terms(filters.query)
    conditions = _conditions(filters, words)
    is_narrowed = bool(conditions) or (low, high) != (LOWEST, HIGHEST)
    most = LOOKED_THROUGH if is_narrowed else limit + 1
    with connection.cursor() as cursor:
        # First of all: what is recorded while this page is read belongs to a later one.
        cursor.execute(AHEAD, [network_id, since, most])
        last, ahead = cursor.fetchone()
    if not ahead:
        return [], None
    values = {
        "network": network_id, "since": since, "last": last, "low": low, "high": high, "limit": limit + 1,
        "types": list(filters.types), "flag": filters.flag, "kind": filters.kind, "key": filters.key,
        "words": " & ".join("'" + word.replace("'", "''").replace("\\", "\\\\") + "':*" for word in words),
    }  # fmt: skip
    found = rows_of(SINCE.format(conditions="".join(f" AND {each}" for each in conditions)), values)
    if len(found) > limit:
        return found[:limit], found[limit - 1].position
    return found, last if ahead == most else None


def _conditions(filters: Filters, words: Sequence[str]) -> list[str]:
    found = []
    if filters.types:
        found.append("r.type = ANY (%(types)s)")
    if filters.flag in {"verified", "unverified"}:
        found.append(f"r.verified = {'true' if filters.flag == 'verified' else 'false'}")
    if filters.flag and filters.flag != "unverified":
        found.append("%(flag)s = ANY (r.flags)")
    if filters.key:
        found.append(ABOUT)
    if filters.query:
        found.append("r.terms @@ %(words)s::tsquery" if words else "false")
    return found


def event_at(network_id: UUID, position: int) -> Reading | None:
    """Return one event's reading."""
    return Reading.objects.filter(network_id=network_id, position=position).defer("terms").first()


def subjects_of(places: Iterable[tuple[UUID, int]]) -> dict[tuple[UUID, int], list[tuple[str, str]]]:
    """Return what events speak of, as kind and key, by network and position."""
    wanted: dict[UUID, list[int]] = {}
    for network_id, position in places:
        wanted.setdefault(network_id, []).append(position)
    found: dict[tuple[UUID, int], list[tuple[str, str]]] = {}
    if not wanted:
        return found
    pairs = [(network_id, position) for network_id, positions in wanted.items() for position in positions]
    rows = rows_of(SUBJECTS, {"networks": [each for each, _ in pairs], "positions": [each for _, each in pairs]})
    for row in rows:
        found.setdefault((row.network_id, row.position), []).append((row.kind, row.key))
    return found


SUBJECTS = f"""
SELECT s.network_id, s.position, s.kind, s.key FROM unnest(%(networks)s::uuid[], %(positions)s::bigint[]) t(n, p)
JOIN {EventSubject._meta.db_table} s ON s.network_id = t.n AND s.position = t.p ORDER BY s.kind, s.key
"""  # noqa: S608 - fixed parts only
