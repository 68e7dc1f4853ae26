"""The page of an equipment: its tasks, the activities on it, the parts that they consumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from portal.explore.names import Names, Thing
from portal.explore.task_rows import rows_of
from portal.networks.models import Network
from portal.tasks.filters import OPEN, TaskFilters
from portal.tasks.queries import COUNTED, count_of, task_page, view_of
from portal.timeline.filters import Filters
from portal.timeline.models import Subject
from portal.timeline.queries import timeline_page
from portal.timeline.rows import row_of

TASKS, ACTIVITIES, PARTS = 10, 8, 15
TASKS_LOOKED_AT = 5000  # the latest
CONSUMED = """
SELECT e.part, count(*) FILTER (WHERE e.kind = 'consumed'), sum(e.quantity) FILTER (WHERE e.kind = 'consumed'),
    count(*) FILTER (WHERE e.kind IN ('restocked', 'consumption_cancelled')), max(e.occurred_at)
FROM (SELECT task FROM tasks_task WHERE network_id = %s AND about = %s AND about_kind = 'equipment'
    ORDER BY head_key DESC LIMIT %s) t
JOIN stock_entry e ON e.network_id = %s AND e.task = t.task AND e.task IS NOT NULL
WHERE e.kind IN ('consumed', 'restocked', 'consumption_cancelled')
GROUP BY e.part ORDER BY 2 DESC, 5 DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Consumption:
    """How much of a part the tasks of an equipment took."""

    part: Thing
    times: int
    quantity: Decimal | None
    given_back: int
    last_at: datetime


def equipment_context(network: Network, subject: Subject) -> dict[str, Any]:
    """Return what the page of an equipment shows beside its timeline. Needs the scope."""
    now, zone = timezone.now(), ZoneInfo(network.time_zone)
    filters = TaskFilters(network=network.slug, equipment=subject.key)
    everything = view_of([network], filters, zone=zone, now=now)
    is_open = everything.narrowed(states=tuple(str(state) for state in OPEN))
    overdue, stale = everything.narrowed(overdue=True), everything.narrowed(stale=True)
    done = everything.narrowed(states=("completed",))
    counts = count_of(
        {
            "all": everything,
            "open": is_open,
            "overdue": overdue,
            "stale": stale,
            "completed": done,
            "planned": is_open.narrowed(sort="due"),  # without those that have no plan
        }
    )
    first = task_page(is_open if counts["open"] else everything, size=TASKS)
    reported = Filters(
        network=network.slug, kind=subject.kind, key=subject.key, types=("ActivityWasAddedOnTask",)
    )  # fmt: skip
    activities = timeline_page([network], reported, zone=zone, now=now, size=ACTIVITIES)
    return {
        "counts": counts,
        "knows_plans": counts["planned"] != 0,
        "overdue_state": "bad" if counts["overdue"] else "",
        "capped": COUNTED,
        "queries": {
            "all": everything.filters.query_string(),
            "open": is_open.filters.query_string(),
            "overdue": overdue.filters.query_string(),
            "stale": stale.filters.query_string(),
            "completed": done.filters.query_string(),
        },
        "task_rows": rows_of(first.lines, [network], now=now),
        "only_open": bool(counts["open"]),
        "activities": [row_of(reading, network, zone=zone) for reading in activities.readings],
        "activities_query": reported.query_string(),
        "consumed": _consumed(network, subject.key),
        "as_of": now,
    }


def _consumed(network: Network, key: str) -> list[Consumption]:
    network_id: UUID = network.id
    with connection.cursor() as cursor:
        cursor.execute(CONSUMED, [network_id, key, TASKS_LOOKED_AT, network_id, PARTS])
        rows = cursor.fetchall()
    names = Names(((network_id, "part", part) for part, *_ in rows), [network])
    found = []
    for part, times, quantity, given_back, last_at in rows:
        thing = names.of(network_id, "part", part)
        if thing:
            found.append(Consumption(thing, times, quantity, given_back, last_at))
    return found
