"""Looks once more, right before a count sheet is sent, whether its parts moved: the check may be hours old."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.counts import HELD, held_rows, made_at
from portal.jobs.models import Job, Row
from portal.jobs.problems import Stored
from portal.jobs.revisions import count_change
from portal.jobs.states import JobState, RowState, StateRefused, refuse_wrong_row_turn
from portal.jobs.typed import Typed, cells_typed
from portal.networks.models import Network

AT_ONCE = 2_000


def moved_rows(network_id: UUID, job: Job) -> dict[int, Stored]:
    """Return what is to be said of the rows that are ready and whose part moved since the sheet was made, or weighed.

    Needs the network's scope.
    """
    made = made_at(job.heading)
    if made is None:
        return {}
    operation = OPERATIONS[job.operation]
    ready = Row.objects.filter(network_id=network_id, job_id=job.id, state=RowState.READY)
    held: dict[int, Stored] = {}
    after = -1
    while piece := list(ready.filter(number__gt=after).order_by("number")[:AT_ONCE]):
        items = {row.number: row.item for row in piece if row.item}
        weighed = {row.number: row.weighed_until for row in piece if row.weighed_until}
        held |= held_rows(network_id, operation, items, made=made, weighed=weighed)
        after = piece[-1].number
    return held


def count_held(network_id: UUID, job_id: UUID) -> int:
    """Return how many rows of a job are held for nothing else than that their part moved. Needs the network's scope."""
    invalid = Row.objects.filter(network_id=network_id, job_id=job_id, state=RowState.INVALID)
    codes = (
        {problem["code"] for problem in problems} for problems in invalid.values_list("problems", flat=True).iterator()
    )
    return sum(found <= HELD for found in codes)


def hold_moved(network: Network, job_id: UUID, *, typed: Typed, actor: User | str, now: datetime) -> int:
    """Hold these rows until somebody chooses; return how many.

    Called by `with_cells`. Raises StateRefused where the job is not being prepared, and CellsNeeded.
    """
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    if job.state != JobState.CHECKED:
        raise StateRefused(job.state, JobState.CHECKED)
    refuse_wrong_row_turn(RowState.READY, RowState.INVALID)
    held = moved_rows(network.id, job)
    rows = Row.objects.filter(network_id=network.id, job_id=job_id, number__in=list(held))
    without_cells = list(rows.filter(cells__isnull=True).values_list("number", flat=True))
    cells = cells_typed(job, without_cells, typed)
    for number, said in held.items():
        changes = {"cells": cells[number]} if number in cells else {}
        rows.filter(number=number).update(state=RowState.INVALID, item=None, problems=[said], updated_at=now, **changes)
    if held:
        count_change(job, actor)
    return len(held)
