"""Reads the projection of tasks for the API, the one with the latest event first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.api.cursors import ID, KEY
from portal.api.queries.rows import rows_of
from portal.networks.models import Network
from portal.tasks.queries import few_found, few_named

HIGHEST = b"\xff" * 9
TASKS = """
SELECT s.*, p.description, p.starts_at, p.ends_at, p.all_day, p.job_id AS planned_by, p."row" AS planned_row
FROM (
    SELECT t.* FROM unnest(%(ids)s::uuid[], %(highs)s::bytea[]) n(id, high)
    CROSS JOIN LATERAL (
        SELECT t.* FROM tasks_task t {few} WHERE t.network_id = n.id AND t.head_key < n.high {conditions}
        ORDER BY t.head_key DESC LIMIT %(limit)s
    ) t ORDER BY t.head_key DESC, t.network_id DESC LIMIT %(limit)s
) s LEFT JOIN tasks_plan p ON p.network_id = s.network_id AND p.task = s.task
ORDER BY s.head_key DESC, s.network_id DESC
"""
FEW = """JOIN unnest(%(few_networks)s::uuid[], %(few_tasks)s::text[]) f(network_id, task)
    ON f.network_id = t.network_id AND f.task = t.task"""
CONDITIONS = {
    "task": "t.task = %(task)s",
    "states": "t.state = ANY (%(states)s)",
    "about": "t.about = %(about)s",
    # Not @>: behind a policy no index would serve it, and this is cheaper to compare.
    "tag": "%(tag)s = ANY (t.tags)",
    "person": "%(person)s = ANY (t.people)",
}


def task_rows(networks: Sequence[Network], *, wanted: dict[str, Any], cursor: str, limit: int) -> list[Any]:
    """Return tasks with what a job planned of them. `wanted` are values by the names in CONDITIONS, None = any."""
    raw = bytes.fromhex(cursor)
    key, place = raw[:KEY], raw[KEY : KEY + ID]
    # Two networks may have events of the same order key: within it, the higher id comes first.
    highs = [HIGHEST if not raw else key + b"\0" if network.id.bytes < place else key for network in networks]
    conditions = "".join(f" AND {CONDITIONS[name]}" for name, value in wanted.items() if value is not None)
    ids = [network.id for network in networks]
    few = None
    if wanted.get("tag"):
        few = few_found(ids, wanted["tag"])
    if few is None and wanted.get("person"):
        few = few_named(ids, "person", [wanted["person"]])
    values = {**wanted, "ids": ids, "highs": highs, "limit": limit}
    if few is not None:
        values |= {"few_networks": [place[0] for place in few], "few_tasks": [place[1] for place in few]}
    return rows_of(TASKS.format(conditions=conditions, few=FEW if few is not None else ""), values)
