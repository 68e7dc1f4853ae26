"""Makes jobs of checked items, puts them in line, and takes back or goes on with what a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from integrations.mobility_work.operations import OPERATIONS, allowed
from integrations.spec import Plan
from portal.accounts.models import User
from portal.jobs.ending import end_if_all_is_sent
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Batch, Job, Row
from portal.jobs.states import JobState, RowState, StateRefused, refuse_wrong_turn
from portal.networks.acts import record_act
from portal.networks.models import Network

WRITE_AT_ONCE = 2_000


class NotInPlan(Exception):
    """The network's plan does not include the operation."""


class NothingToSend(Exception):
    """A job needs a row."""


def submit_items(
    network: Network,
    operation_name: str,
    items: Mapping[int, dict[str, Any]],
    *,
    actor: User | str,
    source: Job.Source,
    now: datetime,
    file_name: str = "",
) -> Job:
    """Put checked items, by row number, in line to be sent. Needs the network's scope, inside a transaction.

    Raises NotInPlan, NothingToSend, and KeyError for an operation that there is not.
    """
    operation = OPERATIONS[operation_name]
    if operation not in allowed(Plan(network.plan)):
        raise NotInPlan(operation_name)
    if not items:
        raise NothingToSend
    person = None if isinstance(actor, str) else actor
    job = Job.objects.create(
        network_id=network.id,
        operation=operation.name,
        family=operation.family,
        state=JobState.QUEUED,
        source=source,
        file_name=file_name[:255],
        rows=len(items),
        created_by_id=person.id if person else None,
        created_by=(person.email if person else str(actor))[:320],
        submitted_at=now,
    )
    numbers = sorted(items)
    size = operation.bulk_limit
    Row.objects.bulk_create(
        (
            Row(
                network_id=network.id,
                job_id=job.id,
                number=number,
                state=RowState.QUEUED,
                batch=index // size + 1,
                item=items[number],
                updated_at=now,
            )
            for index, number in enumerate(numbers)
        ),
        batch_size=WRITE_AT_ONCE,
    )
    Batch.objects.bulk_create(
        Batch(network_id=network.id, job_id=job.id, number=start // size + 1, rows=len(numbers[start : start + size]))
        for start in range(0, len(numbers), size)
    )
    record_act(
        network,
        "job_submitted",
        actor=actor,
        about=str(job.id),
        details={"operation": operation.name, "rows": len(items)},
    )
    return job


def cancel(network: Network, job_id: UUID, *, actor: User | str, now: datetime) -> Job:
    """Send nothing more of a job; what is under way is still settled by its answer. Raises StateRefused."""
    lock_jobs(network.id)
    job = Job.objects.get(network_id=network.id, id=job_id)
    refuse_wrong_turn(JobState(job.state), JobState.CANCELLED)
    Job.objects.filter(network_id=network.id, id=job_id).update(cancel_wanted_at=now)
    record_act(network, "job_cancelled", actor=actor, about=str(job.id))
    end_if_all_is_sent(network.id, job_id, now=now)
    return Job.objects.get(network_id=network.id, id=job_id)


def resume(network: Network, job_id: UUID, *, actor: User | str) -> Job:
    """Go on with a paused job. Raises StateRefused."""
    lock_jobs(network.id)
    job = Job.objects.get(network_id=network.id, id=job_id)
    if job.state != JobState.PAUSED:
        raise StateRefused(job.state, JobState.SENDING)
    Batch.objects.filter(network_id=network.id, job_id=job_id, state=Batch.State.WAITING).update(
        not_before=None, attempts=0
    )
    Job.objects.filter(network_id=network.id, id=job_id).update(state=JobState.SENDING, pause="")
    record_act(network, "job_resumed", actor=actor, about=str(job.id), details={"pause": job.pause})
    return Job.objects.get(network_id=network.id, id=job_id)
