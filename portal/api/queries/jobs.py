"""Reads jobs and their rows for the API."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from uuid import UUID

from portal.jobs.models import Job, Row
from portal.jobs.moves import as_they_stand, rows_in
from portal.jobs.states import RowState
from portal.networks.models import Network


def job_list(
    networks: Sequence[Network], *, operation: str | None, states: Sequence[str], cursor: str, limit: int
) -> list[Job]:
    """Return jobs, the newest first: ids are in the order of creation, also across networks."""
    jobs = Job.objects.filter(network_id__in=[network.id for network in networks])
    if operation:
        jobs = jobs.filter(operation=operation)
    if states:
        jobs = jobs.filter(state__in=states)
    if cursor:
        jobs = jobs.filter(id__lt=UUID(cursor))
    return list(jobs.order_by("-id")[:limit])


def job_of(network_id: UUID, job_id: UUID) -> Job | None:
    """Return one job."""
    return Job.objects.filter(network_id=network_id, id=job_id).first()


def row_list(job: Job, *, states: Sequence[str], cursor: str, limit: int) -> list[Row]:
    """Return rows of a job as they stand, in the order of its file; no states means all."""
    rows = Row.objects.filter(network_id=job.network_id, job_id=job.id)
    if states:
        rows = reduce(or_, (rows_in(job.network_id, job.id, RowState(state)) for state in dict.fromkeys(states)))
    if cursor:
        rows = rows.filter(number__gt=int(cursor, 16))
    return as_they_stand(job.network_id, job.id, rows.order_by("number")[:limit])
