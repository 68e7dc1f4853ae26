"""Which rows of a batch events have touched meanwhile: a value that is older than an event must not be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

# By native id, or by the reference under which the thing was last seen.
TOUCHED = """
WITH asked AS (SELECT * FROM unnest(%s::int[], %s::text[]) AS t (number, value))
SELECT DISTINCT asked.number FROM asked
JOIN timeline_subject s ON s.network_id = %s AND (s.reference = asked.value OR s.key = 'id:' || asked.value)
JOIN timeline_eventsubject es ON es.network_id = s.network_id AND es.kind = s.kind AND es.key = s.key
JOIN timeline_event e ON e.network_id = es.network_id AND e.position = es.position AND e.recorded_at >= %s
"""


def touched_since(network_id: UUID, items: Mapping[int, dict[str, Any]], *, since: datetime) -> set[int]:
    """Return the numbers of those rows about whose part or equipment an event was recorded since a moment."""
    named = {number: value for number, item in items.items() if (value := identifier_of(item))}
    if not named:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, [list(named), list(named.values()), network_id, since])
        return {row[0] for row in cursor.fetchall()}


def identifier_of(item: dict[str, Any]) -> str:
    """Return the value of an item's identifier, plain or typed (vendor reference, section 5), or ""."""
    value = item.get("id")
    if isinstance(value, dict):
        value = value.get("value")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
