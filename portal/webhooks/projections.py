"""Brings the projections of stock and tasks up to what events say now: the one place that knows both sides.

Only verified events take effect. The live path and a rebuild read the same evidence by the same statements.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from integrations.facts import ActivityAdded, Fact, TaskChanged, from_json
from integrations.mobility_work.body import REF
from portal.lib.statements import rows_of
from portal.stock import project as stock
from portal.stock.evidence import Evidence, evidence_of
from portal.stock.record import mark_folded, not_folded, writes_after
from portal.stock.references import holders_of_names, names_of, set_references
from portal.tasks import project as tasks
from portal.tasks.fold import Saying

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


# The reference that the latest verified event about a part gives: one that gives none says nothing against it.
LATEST_REFERENCE = """
SELECT t.key, coalesce(n.reference, '') FROM unnest(%s::text[]) AS t (key) LEFT JOIN LATERAL (
    SELECT s.reference FROM timeline_eventsubject s CROSS JOIN LATERAL (
        SELECT verified FROM timeline_reading WHERE network_id = %s AND position = s.position OFFSET 0
    ) r
    WHERE s.network_id = %s AND s.kind = 'part' AND s.key = t.key AND s.reference <> '' AND r.verified
    ORDER BY s.order_key DESC LIMIT 1
) n ON true
"""
PARTS_NAMED = """
SELECT DISTINCT key FROM timeline_eventsubject WHERE network_id = %s AND position = ANY (%s) AND kind = 'part'
"""


def project(network_id: UUID, positions: Iterable[int], *, read_anew: Collection[int] = ()) -> None:
    """Fold what these events changed. Needs the network's drain lock and its scope.

    Those of `read_anew`, some of the events, are folded also where they stand as they ought to: they may say other
    things now.
    """
    touched = sorted(set(positions))
    if not touched:
        return
    changed = _places(network_id, touched) ^ stock.places_of(network_id, touched)
    if read_anew:
        changed |= _places(network_id, sorted(read_anew))
    since: dict[str, bytes] = {}
    for part, key in changed:
        since[part] = min(key, since.get(part, key))
    named = [part for (part,) in rows_of(PARTS_NAMED, network_id, touched)]
    since |= dict.fromkeys(follow_references(network_id, named), stock.NONE)
    if since:
        stock.apply(network_id, since, lambda places: parts_evidence(network_id, places))
    tasks_named = [task for (task,) in rows_of(TASKS_NAMED, network_id, touched)]
    if tasks_named:
        tasks.apply(network_id, tasks_evidence(network_id, tasks_named))


def _places(network_id: UUID, positions: Sequence[int]) -> set[tuple[str, bytes]]:
    return {(part, bytes(key)) for part, key in rows_of(PLACES, network_id, positions)}


def follow_references(network_id: UUID, parts: Sequence[str], *, prefix: str = "") -> set[str]:
    """Bring the references of parts up to what events say now; return the keys whose ledgers are no longer right."""
    keys = [part for part in parts if not part.startswith(REF)]
    told = dict(rows_of(LATEST_REFERENCE, keys, network_id, network_id)) if keys else {}
    return set_references(network_id, told, prefix=prefix)


def writes_waiting(network_id: UUID) -> dict[str, list[bytes]]:
    """Return the places of accepted stock values that no ledger holds yet, by the name under which they were set."""
    return not_folded(network_id, limit=WRITES_AT_ONCE)


def fold_writes(network_id: UUID, waiting: Mapping[str, Sequence[bytes]]) -> None:
    """Bring accepted stock values of jobs into the ledgers. Needs the network's drain lock and its scope."""
    since: dict[str, bytes] = {}
    for name, parts in holders_of_names(network_id, waiting).items():
        for part in parts:
            since[part] = min(waiting[name][0], since.get(part, waiting[name][0]))
    stock.apply(network_id, since, lambda places: parts_evidence(network_id, places))
    mark_folded(network_id, waiting)


def parts_evidence(
    network_id: UUID, places: Sequence[tuple[str, bytes]], *, prefix: str = ""
) -> Iterator[tuple[str, Evidence]]:
    """Yield all that is said of the stock of parts after the given places, parts together and each in order."""
    found: dict[str, list[Evidence]] = {}
    parts, after = [part for part, _ in places], [key for _, key in places]
    for part, key, position, at, facts in rows_of(PARTS_EVIDENCE, parts, after, network_id, network_id):
        evidence = evidence_of(part, _facts(facts), key=bytes(key), at=at, position=position)
        if evidence:
            found.setdefault(part, []).append(evidence)
    for part, evidence in _written(network_id, dict(places), prefix):
        found.setdefault(part, []).append(evidence)
    for part, items in found.items():
        items.sort(key=lambda item: item.order_key)
        for item in items:
            yield part, item


def _written(network_id: UUID, after: Mapping[str, bytes], prefix: str) -> Iterator[tuple[str, Evidence]]:
    owners = names_of(network_id, after, prefix=prefix)
    places = [(name, min(after[part] for part in parts)) for name, parts in owners.items()]
    for name, evidence in writes_after(network_id, places):
        for part in owners[name]:
            if evidence.order_key > after[part]:
                yield part, evidence


def tasks_evidence(network_id: UUID, keys: Sequence[str]) -> dict[str, list[Saying]]:
    """Return all that is said of tasks, in order; a task of which nothing is said has an empty list."""
    found: dict[str, list[Saying]] = {key: [] for key in keys}
    for task, key, position, at, facts in rows_of(TASKS_EVIDENCE, list(keys), network_id, network_id):
        said = next(
            (fact for fact in _facts(facts) if isinstance(fact, (TaskChanged, ActivityAdded)) and fact.task == task),
            None,
        )
        found[task].append(Saying(bytes(key), at, position, said))
    return found


def _facts(stored: Any) -> list[Fact]:
    return [from_json(fact) for fact in (json.loads(stored) if isinstance(stored, str) else stored)]
