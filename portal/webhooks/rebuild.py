"""Makes the projections anew from all events: beside the live ones, compared with them, and put in their place.

Everything happens in one transaction under the network's drain lock: what arrives meanwhile waits, acknowledged, in the
log, and pages go on reading the live tables until the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from integrations.mobility_work.reader import read
from portal.lib.scope import network_scope
from portal.stock import project as stock
from portal.stock.record import mark_folded, not_folded
from portal.stock.statements import TABLES as STOCK_TABLES
from portal.tasks import project as tasks
from portal.timeline.models import ContractDifference, Event, Reading
from portal.timeline.record import NewEvent, replace_readings
from portal.webhooks import coverage
from portal.webhooks.lock import lock_network
from portal.webhooks.projections import follow_references, parts_evidence, project, tasks_evidence
from portal.webhooks.standing import refresh_standing

SHADOW = "shadow_"
ENTRIES_AT_ONCE = 20_000
TASKS_AT_ONCE = 5_000
EVENTS_AT_ONCE = 1_000
TABLES = (*STOCK_TABLES, *tasks.TABLES, *coverage.TABLES)
PARTS = """
SELECT key, count(*) FROM timeline_eventsubject WHERE network_id = %(network)s AND kind = 'part' GROUP BY key
UNION ALL
SELECT part, count(*) FROM stock_write WHERE network_id = %(network)s GROUP BY part ORDER BY 1
"""
TASKS = "SELECT DISTINCT key FROM timeline_eventsubject WHERE network_id = %(network)s AND kind = 'task' ORDER BY 1"
CREATE = "CREATE TEMPORARY TABLE {shadow} (LIKE {live} INCLUDING DEFAULTS INCLUDING INDEXES) ON COMMIT DROP"
DROP = "DROP TABLE {shadow}"
REMOVE = "DELETE FROM {live} WHERE network_id = %(network)s"
REPLACE = "INSERT INTO {live} SELECT * FROM {shadow}"
HAS_ROWS = "SELECT 1 FROM {live} WHERE network_id = %(network)s LIMIT 1"
# Rows that only one of the two tables holds.
DIFFERENT = """
SELECT count(*) FROM (
    (SELECT * FROM {live} WHERE network_id = %(network)s EXCEPT ALL SELECT * FROM {shadow})
    UNION ALL
    (SELECT * FROM {shadow} EXCEPT ALL SELECT * FROM {live} WHERE network_id = %(network)s)
) rows
"""
SUBJECTS_NO_LONGER_SEEN = """
DELETE FROM timeline_subject t WHERE t.network_id = %(network)s AND NOT EXISTS (
    SELECT 1 FROM timeline_eventsubject s WHERE s.network_id = t.network_id AND s.kind = t.kind AND s.key = t.key)
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many rows of a projection differ from those made anew, by table; empty where all are the same."""

    rows: dict[str, int]

    @property
    def is_same(self) -> bool:
        return not self.rows


def rebuild_projections(network_id: UUID, *, check: bool = False) -> Comparison:
    """Make a network's projections anew and compare; put them in the place of the live ones unless `check` is asked."""
    with network_scope(network_id):
        lock_network(network_id, wait=True)
        waiting = not_folded(network_id)
        _make_shadow(network_id)
        compared = Comparison({table: count for table in TABLES if (count := _different(network_id, table))})
        if not check:
            for table in compared.rows:
                _execute(REMOVE.format(live=table), network_id)
                _execute(REPLACE.format(live=table, shadow=SHADOW + table), network_id)
            mark_folded(network_id, waiting)
        for table in TABLES:
            _execute(DROP.format(shadow=SHADOW + table), network_id)
    return compared


def read_again(network_id: UUID) -> int:
    """Read every event of a network again with today's reader, and fold what changes; return how many there are.

    Some at a time, each in a transaction of its own: pages and the drain go on meanwhile.
    """
    with network_scope(network_id):
        lock_network(network_id, wait=True)
        # Those of keys come from comparing events, not from reading them.
        ContractDifference.objects.filter(network_id=network_id).exclude(code="key_reused").delete()
    last = 0
    count = 0
    while True:
        with network_scope(network_id):
            lock_network(network_id, wait=True)
            events = list(
                Event.objects.filter(network_id=network_id, position__gt=last).order_by("position")[:EVENTS_AT_ONCE]
            )
            if not events:
                _execute(SUBJECTS_NO_LONGER_SEEN, network_id)
                coverage.fill_again(network_id)
                return count
            _read_again(network_id, events)
        last = events[-1].position
        count += len(events)


def _read_again(network_id: UUID, events: Sequence[Event]) -> None:
    since = dict(
        Reading.objects.filter(network_id=network_id, position__in=[event.position for event in events]).values_list(
            "position", "first_received_at"
        )
    )
    anew = []
    for event in events:
        raw, received_at = bytes(event.raw), since.get(event.position, event.first_received_at)
        anew.append((event.position, NewEvent(bytes(event.identity), raw, received_at, read(raw, received_at))))
    changed = replace_readings(network_id, anew)
    refresh_standing(network_id, changed)
    project(network_id, changed)


def _make_shadow(network_id: UUID) -> None:
    for table in TABLES:
        _execute(CREATE.format(live=table, shadow=SHADOW + table), network_id)
    packs = list(_packed(network_id))
    for parts in packs:
        follow_references(network_id, parts, prefix=SHADOW)
    for parts in packs:
        stock.apply(
            network_id,
            dict.fromkeys(parts, stock.NONE),
            lambda places: parts_evidence(network_id, places, prefix=SHADOW),
            prefix=SHADOW,
        )
    if not _has_rows(network_id, f"{SHADOW}stock_networkscope") and _has_rows(network_id, "stock_networkscope"):
        stock.apply(network_id, {}, lambda places: (), prefix=SHADOW)
    keys = [key for (key,) in _rows(TASKS, network_id)]
    for first in range(0, len(keys), TASKS_AT_ONCE):
        some = keys[first : first + TASKS_AT_ONCE]
        tasks.apply(network_id, tasks_evidence(network_id, some), prefix=SHADOW)
    coverage.fill(network_id, prefix=SHADOW)


def _packed(network_id: UUID) -> Iterator[list[str]]:
    """Yield the parts of a network, so many at once that their ledgers fit into memory easily."""
    sizes: dict[str, int] = {}
    for part, count in _rows(PARTS, network_id):
        sizes[part] = sizes.get(part, 0) + count
    pack: list[str] = []
    size = 0
    for part, count in sizes.items():
        if pack and (size + count > ENTRIES_AT_ONCE or len(pack) >= stock.PARTS_AT_ONCE):
            yield pack
            pack, size = [], 0
        pack.append(part)
        size += count
    if pack:
        yield pack


def _different(network_id: UUID, table: str) -> int:
    count: int = _rows(DIFFERENT.format(live=table, shadow=SHADOW + table), network_id)[0][0]
    return count


def _has_rows(network_id: UUID, table: str) -> bool:
    return bool(_rows(HAS_ROWS.format(live=table), network_id))


def _execute(statement: str, network_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"network": network_id})


def _rows(statement: str, network_id: UUID) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"network": network_id})
        return list(cursor.fetchall())
