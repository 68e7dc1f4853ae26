"""How a job ends: when nothing of it waits and nothing is under way, by what became of its rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, F, Q, Value, When

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.models import Batch, Job, Row
from portal.jobs.moves import move, under_way
from portal.jobs.repeats import maybe_sent
from portal.jobs.states import JobState, RowState, end_of


def counts_of(network_id: UUID, job_id: UUID) -> dict[RowState, int]:
    """Return how many rows of a job are in each state; their sum is the job's rows.

    Of a job whose rows were removed, as they had ended.
    """
    rows = Row.objects.filter(network_id=network_id, job_id=job_id)
    stands: F | Case = F("state")
    if sending := under_way(network_id, job_id):
        is_sent = Q(state=RowState.QUEUED, batch__in=sending)
        stands = Case(When(is_sent, then=Value(RowState.SENDING.value)), default=F("state"))
    found = rows.annotate(stands=stands).values_list("stands").annotate(Count("number"))
    counts = {RowState(state): count for state, count in found.order_by()}
    return counts or _kept_counts(network_id, job_id)


def _kept_counts(network_id: UUID, job_id: UUID) -> dict[RowState, int]:
    kept = Job.objects.filter(network_id=network_id, id=job_id).values_list("kept_counts", flat=True).first()
    return {RowState(state): count for state, count in (kept or {}).items()}


def end_if_all_is_sent(network_id: UUID, job_id: UUID, *, now: datetime) -> None:
    """End a job of which nothing waits and nothing is under way; one that is cancelled waits no longer."""
    cancelled = Job.objects.filter(network_id=network_id, id=job_id).exclude(cancel_wanted_at=None).exists()
    if cancelled:
        cancel_waiting(network_id, job_id, now=now)
    open_batches = Batch.objects.filter(
        network_id=network_id, job_id=job_id, state__in=[Batch.State.WAITING, Batch.State.SENDING]
    )
    if open_batches.exists():
        return
    job = Job.objects.get(network_id=network_id, id=job_id)
    may_be_proved = bool(OPERATIONS[job.operation].confirmed_by)
    Job.objects.filter(
        network_id=network_id, id=job_id, state__in=[JobState.SENDING, JobState.PAUSED, JobState.QUEUED]
    ).update(
        state=JobState.CANCELLED if cancelled else end_of(counts_of(network_id, job_id)),
        pause="",
        ended_at=now,
        proof_due_at=now + timedelta(minutes=settings.PORTAL_CONFIRM_MINUTES) if may_be_proved else None,
    )


def cancel_waiting(network_id: UUID, job_id: UUID, *, now: datetime) -> None:
    """Give up what waits; what is under way is settled by its answer. What waits for a repeat may have been applied."""
    waiting = Batch.objects.filter(network_id=network_id, job_id=job_id, state=Batch.State.WAITING)
    doubtful = list(waiting.filter(number__in=maybe_sent(network_id, job_id)).values_list("number", flat=True))
    move(network_id, job_id, RowState.QUEUED, RowState.UNCERTAIN, now=now, only=Q(batch__in=doubtful))
    may_be_proved = bool(OPERATIONS[Job.objects.get(network_id=network_id, id=job_id).operation].confirmed_by)
    waiting.filter(number__in=doubtful).update(state=Batch.State.UNCERTAIN, proof_pending=may_be_proved)
    move(network_id, job_id, RowState.QUEUED, RowState.NOT_SENT, now=now, reason=Row.Reason.CANCELLED)
    waiting.update(state=Batch.State.NOT_SENT)
