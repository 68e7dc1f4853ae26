"""What is new on a network since a day: each kind's own question, answered by an index. Needs the network's scope.

What was told to somebody already is left out: one occurrence is a kind, a thing and the moment at which it happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from portal.lib.ids import first_id_at
from portal.networks.models import Network
from portal.tasks.conditions import DUE
from portal.webhooks.coverage_map import silences
from portal.webhooks.glance import glances

NEWS = timedelta(days=1)  # what happened longer ago is no news
AT_ONCE = 200  # of one kind; the next look finds the rest
NOT_TOLD = """NOT EXISTS (SELECT FROM notifications_notice t WHERE t.network_id = %(network)s AND t.kind = %(kind)s
    AND t.thing = {thing} AND t.at = {at})"""
LOW = """
SELECT p.part, p.{since}, jsonb_build_object('label', coalesce(s.label, p.part)) FROM stock_part p
LEFT JOIN timeline_subject s ON s.network_id = p.network_id AND s.kind = 'part' AND s.key = p.part
WHERE p.network_id = %(network)s AND p.{since} >= %(after)s {more} AND {told} ORDER BY p.{since} DESC LIMIT %(limit)s
"""
OVERDUE = """
SELECT d.task, d.due, jsonb_build_object('label', coalesce(s.label, d.task)) FROM (
    SELECT t.network_id, t.task, {due} AS due FROM (SELECT %(zone)s::text AS zone) n CROSS JOIN tasks_plan p
    JOIN tasks_task t ON t.network_id = p.network_id AND t.task = p.task
    WHERE p.network_id = %(network)s AND t.state IN ('seen', 'scheduled', 'started')
        AND p.ends_at >= %(after)s - interval '1 day' AND p.ends_at < %(now)s
) d LEFT JOIN timeline_subject s ON s.network_id = d.network_id AND s.kind = 'task' AND s.key = d.task
WHERE d.due >= %(after)s AND d.due <= %(now)s AND {told} ORDER BY d.due DESC LIMIT %(limit)s
"""
REJECTED = """
SELECT '', max(r.at), jsonb_build_object('count', count(*)) FROM (
    (SELECT received_at AS at FROM webhooks_quarantineddelivery
        WHERE network_id = %(network)s AND id >= %(first)s LIMIT 1000)
    UNION ALL
    (SELECT updated_at FROM webhooks_processing WHERE network_id = %(network)s AND state IN ('failed', 'held')
        AND delivery_id >= %(first)s LIMIT 1000)
) r HAVING count(*) > 0
"""
KEY = """
SELECT c.fingerprint, c.last_error_at, jsonb_build_object('label', c.last_four) FROM networks_credential c
WHERE c.network_id = %(network)s AND c.state = 'active' AND c.last_error <> '' AND c.last_error_at >= %(after)s
"""
DIFFERS = """
SELECT left(concat_ws('/', d.type, d.code, d.path), 450), d.first_seen_at,
    jsonb_build_object('label', d.type, 'code', d.code, 'path', d.path, 'position', d.first_position)
FROM timeline_contractdifference d WHERE d.network_id = %(network)s AND d.first_seen_at >= %(after)s AND {told}
ORDER BY d.first_seen_at DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Something new: what it is about, since when, and the values of its sentence."""

    kind: str
    thing: str
    at: datetime
    said: dict[str, Any] = field(default_factory=dict)


def news_of(network: Network, kinds: set[str], *, now: datetime) -> Iterator[Found]:
    """Yield what is new of these kinds."""
    for kind, look in LOOKS.items():
        if kind in kinds:
            yield from look(network, now)


def _asked(kind: str, statement: str) -> Callable[[Network, datetime], Iterator[Found]]:
    def look(network: Network, now: datetime) -> Iterator[Found]:
        after = now - NEWS
        values: dict[str, Any] = {
            "network": network.id,
            "kind": kind,
            "zone": network.time_zone,
            "now": now,
            "after": after,
            "first": first_id_at(after),
            "limit": AT_ONCE,
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall()
        for thing, at, said in rows:
            yield Found(kind, thing, at, _object(said))

    return look


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else dict(json.loads(value))


def _silence(network: Network, now: datetime) -> Iterator[Found]:
    """Yield the network and the types that became silent within the last day."""
    [glance] = glances([network])
    if glance.silent_from and now - NEWS <= glance.silent_from <= now:
        yield Found("silence", "", glance.silent_from, {"label": network.name})
    for cell in silences([network], now=now)[network.id]:
        if cell.silent_from and cell.silent_from >= now - NEWS:
            yield Found("silence", cell.type.name, cell.silent_from, {"label": cell.type.label, "is_type": True})


LOOKS: dict[str, Callable[[Network, datetime], Iterator[Found]]] = {
    "out_of_stock": _asked(
        "out_of_stock", LOW.format(since="out_since", more="", told=NOT_TOLD.format(thing="p.part", at="p.out_since"))
    ),
    "below_minimum": _asked(
        "below_minimum",
        LOW.format(
            since="below_since",
            more="AND p.out_since IS NULL",
            told=NOT_TOLD.format(thing="p.part", at="p.below_since"),
        ),
    ),
    "overdue": _asked("overdue", OVERDUE.format(due=DUE, told=NOT_TOLD.format(thing="d.task", at="d.due"))),
    "silence": _silence,
    "rejected": _asked("rejected", REJECTED),
    "key_refused": _asked("key_refused", KEY),
    "differs": _asked(
        "differs",
        DIFFERS.format(
            told=NOT_TOLD.format(thing="left(concat_ws('/', d.type, d.code, d.path), 450)", at="d.first_seen_at")
        ),
    ),
}
