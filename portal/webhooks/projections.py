"""Brings the projections of stock and tasks up to what events say now: the one place that knows both sides.

Only verified events take effect. The live path and a rebuild read the same evidence by the same statements.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from integrations.facts import ActivityAdded, Fact, TaskChanged, from_json
from portal.stock import project as stock
from portal.stock.evidence import Evidence, evidence_of
from portal.stock.record import mark_folded, not_folded, writes_after
from portal.tasks import project as tasks
from portal.tasks.fold import Saying
from portal.timeline.models import Subject
from portal.timeline.parts import REF, parts_of_references, with_id

WRITES_AT_ONCE = 5000
# Facts that speak of a part's stock; an event that only says which parts a task needs does not.
ABOUT_STOCK = """(r.facts @> '[{"fact": "quantity_moved"}]' OR r.facts @> '[{"fact": "threshold_crossed"}]')"""
# Where these events ought to stand in the ledgers.
PLACES = f"""
SELECT s.key, s.order_key FROM timeline_eventsubject s
JOIN timeline_reading r ON r.network_id = s.network_id AND r.position = s.position
WHERE s.network_id = %s AND s.position = ANY (%s) AND s.kind = 'part' AND r.verified AND {ABOUT_STOCK}
"""  # noqa: S608 - fixed parts only
PARTS_EVIDENCE = f"""
SELECT t.key, s.order_key, s.position, r.occurred_at, r.facts
FROM unnest(%s::text[], %s::bytea[]) AS t (key, after)
CROSS JOIN LATERAL (
    SELECT order_key, position FROM timeline_eventsubject
    WHERE network_id = %s AND kind = 'part' AND key = t.key AND order_key > t.after OFFSET 0
) s CROSS JOIN LATERAL (
    SELECT occurred_at, facts, verified FROM timeline_reading WHERE network_id = %s AND position = s.position OFFSET 0
) r WHERE r.verified AND {ABOUT_STOCK}
"""  # noqa: S608 - fixed parts only
TASKS_EVIDENCE = """
SELECT t.key, s.order_key, s.position, r.occurred_at, r.facts
FROM unnest(%s::text[]) AS t (key)
CROSS JOIN LATERAL (
    SELECT order_key, position FROM timeline_eventsubject
    WHERE network_id = %s AND kind = 'task' AND key = t.key OFFSET 0
) s CROSS JOIN LATERAL (
    SELECT occurred_at, facts, verified FROM timeline_reading WHERE network_id = %s AND position = s.position OFFSET 0
) r WHERE r.verified ORDER BY s.order_key
"""
TASKS_NAMED = """
SELECT DISTINCT key FROM timeline_eventsubject WHERE network_id = %s AND position = ANY (%s) AND kind = 'task'
"""


# Parts, and the names under which jobs have set their stock that are not in their ledgers though they are theirs now.
# The first value that was set under a name stands for all of them.
NAMED_SINCE = """
SELECT s.key, w.part FROM timeline_subject s CROSS JOIN LATERAL (
    SELECT part, order_key FROM stock_write
    WHERE network_id = s.network_id AND part = 'ref:' || s.reference ORDER BY order_key LIMIT 1
) w
WHERE s.network_id = %s AND s.kind = 'part' AND s.key = ANY (%s) AND s.reference <> '' AND s.key NOT LIKE 'ref:%%'
    AND NOT EXISTS (SELECT 1 FROM stock_entry e
        WHERE e.network_id = s.network_id AND e.part = s.key AND e.order_key = w.order_key)
"""
# Parts with values in their ledgers that were set under a name which is theirs no longer.
NO_LONGER_NAMED = """
SELECT e.part, e.order_key FROM stock_entry e JOIN timeline_subject s
    ON s.network_id = e.network_id AND s.kind = 'part' AND s.key = e.part AND s.key NOT LIKE 'ref:%%'
WHERE e.network_id = %s AND e.part = ANY (%s) AND e.kind = 'written' AND NOT EXISTS (SELECT 1 FROM stock_write o
    WHERE o.network_id = e.network_id AND o.part IN (e.part, 'ref:' || s.reference) AND o.order_key = e.order_key)
"""
NAMES_OF_WRITES = "SELECT part FROM stock_write WHERE network_id = %s AND order_key = ANY (%s)"  # rare, and by no index
PARTS_NAMED = """
SELECT DISTINCT key FROM timeline_eventsubject WHERE network_id = %s AND position = ANY (%s) AND kind = 'part'
"""


def project(network_id: UUID, positions: Iterable[int]) -> None:
    """Fold what these events changed. Needs the network's drain lock and its scope."""
    touched = sorted(set(positions))
    if not touched:
        return
    ought = {(part, bytes(key)) for part, key in _rows(PLACES, network_id, touched)}
    changed = ought ^ stock.places_of(network_id, touched)
    since: dict[str, bytes] = {}
    for part, key in changed:
        since[part] = min(key, since.get(part, key))
    since |= dict.fromkeys(_otherwise_named(network_id, touched), stock.NONE)
    if since:
        stock.apply(network_id, since, lambda places: parts_evidence(network_id, places))
    named = [task for (task,) in _rows(TASKS_NAMED, network_id, touched)]
    if named:
        tasks.apply(network_id, tasks_evidence(network_id, named))


def _otherwise_named(network_id: UUID, positions: Sequence[int]) -> set[str]:
    """Return parts that events have given another reference, and these references, where values were set under them.

    A job that names a part by its reference may come before the first event that tells which part has it.
    """
    parts = [key for (key,) in _rows(PARTS_NAMED, network_id, positions)]
    if not parts:
        return set()
    found = {name for pair in _rows(NAMED_SINCE, network_id, parts) for name in pair}
    if others := _rows(NO_LONGER_NAMED, network_id, parts):
        keys = [bytes(key) for _part, key in others]
        found |= {part for part, _key in others} | {name for (name,) in _rows(NAMES_OF_WRITES, network_id, keys)}
    return found


def writes_waiting(network_id: UUID) -> dict[str, bytes]:
    """Return parts with accepted stock values that no ledger holds yet, each with the first of their places."""
    return not_folded(network_id, limit=WRITES_AT_ONCE)


def fold_writes(network_id: UUID, since: Mapping[str, bytes]) -> None:
    """Bring accepted stock values of jobs into the ledgers. Needs the network's drain lock and its scope."""
    meant = parts_of_references(network_id, [name.removeprefix(REF) for name in since if name.startswith(REF)])
    parts: dict[str, bytes] = {}
    for name, key in since.items():
        for part in meant.get(name.removeprefix(REF), {name}) if name.startswith(REF) else {name}:
            parts[part] = min(key, parts.get(part, key))
    stock.apply(network_id, parts, lambda places: parts_evidence(network_id, places))
    mark_folded(network_id, list(since))


def parts_evidence(network_id: UUID, places: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, Evidence]]:
    """Yield all that is said of the stock of parts after the given places, parts together and each in order."""
    found: dict[str, list[Evidence]] = {}
    parts, after = [part for part, _ in places], [key for _, key in places]
    for part, key, position, at, facts in _rows(PARTS_EVIDENCE, parts, after, network_id, network_id):
        evidence = evidence_of(part, _facts(facts), key=bytes(key), at=at, position=position)
        if evidence:
            found.setdefault(part, []).append(evidence)
    for part, evidence in _written(network_id, dict(places)):
        found.setdefault(part, []).append(evidence)
    for part, items in found.items():
        items.sort(key=lambda item: item.order_key)
        for item in items:
            yield part, item


def _written(network_id: UUID, after: Mapping[str, bytes]) -> Iterator[tuple[str, Evidence]]:
    """Yield the values that jobs have set: under the part's own key, or its reference before its id was known."""
    known = Subject.objects.filter(network_id=network_id, kind="part", key__in=after)
    named = dict(known.values_list("key", "reference"))
    bare = [part.removeprefix(REF) for part in after if part.startswith(REF)]
    meant = parts_of_references(network_id, bare)
    owners: dict[str, set[str]] = {}
    for part in after:
        if not part.startswith(REF):
            owners.setdefault(part, set()).add(part)
            if named.get(part):
                owners.setdefault(REF + named[part], set()).add(part)
        elif not with_id(meant.get(part.removeprefix(REF), ())):
            owners.setdefault(part, set()).add(part)
    places = [(name, min(after[part] for part in parts)) for name, parts in owners.items()]
    for name, evidence in writes_after(network_id, places):
        for part in owners[name]:
            if evidence.order_key > after[part]:
                yield part, evidence


def tasks_evidence(network_id: UUID, keys: Sequence[str]) -> dict[str, list[Saying]]:
    """Return all that is said of tasks, in order; a task of which nothing is said has an empty list."""
    found: dict[str, list[Saying]] = {key: [] for key in keys}
    for task, key, position, at, facts in _rows(TASKS_EVIDENCE, list(keys), network_id, network_id):
        said = next(
            (fact for fact in _facts(facts) if isinstance(fact, (TaskChanged, ActivityAdded)) and fact.task == task),
            None,
        )
        found[task].append(Saying(bytes(key), at, position, said))
    return found


def _facts(stored: Any) -> list[Fact]:
    return [from_json(fact) for fact in (json.loads(stored) if isinstance(stored, str) else stored)]


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
