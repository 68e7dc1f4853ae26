"""FLOW 2, after a call: what an answer, or its absence, means for the rows, the batch and the job."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from integrations.errors import (
    AccessDenied,
    BadKey,
    FieldError,
    InvalidPayload,
    NothingSent,
    OutcomeUnknown,
    RateLimited,
    VendorError,
)
from integrations.mobility_work.client import Accepted, Exchange
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.claim import Claim, numbers_in_body
from portal.jobs.ending import end_if_all_is_sent
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.moves import move
from portal.jobs.repeats import UNKNOWN, leave_renaming, maybe_sent
from portal.jobs.states import JobState, RowState
from portal.lib.plain_json import storable

Outcome = Accepted | VendorError
MAX_UNREACHABLE = 10  # attempts in which nothing was sent, before a person is asked
MAX_REPEATS = 5  # of a call whose outcome is unknown and whose repeat is safe
FAULT_PAUSE = timedelta(minutes=3)  # "the same call a few minutes later" (vendor reference, section 2)
WORKER_ENDED = "the worker ended before the answer came"
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds


def settle(claim: Claim, outcome: Outcome, exchange: Exchange | None = None, *, now: datetime) -> bool:
    """Store what came back. Needs the network's scope, inside a transaction; False when the lease was lost before."""
    lock_jobs(claim.network.id)
    if not _end_call(claim.network.id, claim.call_id, outcome, exchange, now=now):
        return False
    _apply(claim.network.id, claim.job_id, claim.batch, claim.operation, outcome, now=now)
    return True


def settle_lost(network_id: UUID, *, now: datetime) -> int:
    """Settle the calls of workers that are gone: they may have been sent, and nobody will say. Returns how many."""
    lock_jobs(network_id)
    lost = Batch.objects.filter(network_id=network_id, state=Batch.State.SENDING, lease_until__lt=now)
    count = 0
    for batch in lost:
        job = Job.objects.get(network_id=network_id, id=batch.job_id)
        outcome = OutcomeUnknown(WORKER_ENDED)
        calls = Call.objects.filter(network_id=network_id, job_id=job.id, batch=batch.number, ended_at=None)
        for call_id in calls.values_list("id", flat=True):
            _end_call(network_id, call_id, outcome, now=now)
        _apply(network_id, job.id, batch.number, OPERATIONS[job.operation], outcome, now=now)
        count += 1
    return count


def _end_call(
    network_id: UUID, call_id: UUID, outcome: Outcome, exchange: Exchange | None = None, *, now: datetime
) -> bool:
    accepted = isinstance(outcome, Accepted)
    kept = (
        {
            "request_headers": storable(exchange.request_headers),
            "response_headers": storable(exchange.response_headers),
            "response_body": exchange.response_body,
            "response_bytes": exchange.response_bytes,
        }
        if exchange
        else {}
    )
    changed = Call.objects.filter(network_id=network_id, id=call_id, ended_at=None).update(
        ended_at=now,
        outcome="accepted" if accepted else type(outcome).__name__,
        status=outcome.status,
        request_id=outcome.request_id[:100],
        detail="" if isinstance(outcome, Accepted) else outcome.detail[:500],
        **kept,
    )
    return changed == 1


def _apply(
    network_id: UUID, job_id: UUID, batch: int, operation: Operation, outcome: Outcome, *, now: datetime
) -> None:
    """The one place that says what each outcome means (design section 4, "Writes").

    Rows first, then their batch: they are being sent for as long as it says so.
    """
    mine = Batch.objects.filter(network_id=network_id, job_id=job_id, number=batch)
    attempts = mine.values_list("attempts", flat=True).get()
    if isinstance(outcome, Accepted):
        _move_sent(network_id, job_id, batch, RowState.ACCEPTED, now=now)
        mine.update(state=Batch.State.ANSWERED, lease_until=None)
    elif isinstance(outcome, (NothingSent, RateLimited)):
        _again(network_id, job_id, batch, at=now + _pause(outcome, attempts), now=now)
        if attempts >= MAX_UNREACHABLE:
            _pause_job(network_id, job_id, Job.Pause.UNREACHABLE)
    elif isinstance(outcome, (BadKey, AccessDenied)):
        _again(network_id, job_id, batch, at=None, now=now)
        refused = Job.Pause.KEY_REFUSED if isinstance(outcome, BadKey) else Job.Pause.ACCESS_DENIED
        _pause_job(network_id, job_id, refused)
    elif outcome.outcome_unknown:
        if operation.retry_safe and isinstance(outcome, UNKNOWN) and attempts < MAX_REPEATS:
            leave_renaming(network_id, job_id, batch, operation, now=now)
            _again(network_id, job_id, batch, at=now + FAULT_PAUSE, now=now)
        else:
            _move_sent(network_id, job_id, batch, RowState.UNCERTAIN, now=now)
            mine.update(state=Batch.State.UNCERTAIN, lease_until=None)
    else:
        _refuse(network_id, job_id, batch, outcome, now=now)
        mine.update(state=Batch.State.ANSWERED, lease_until=None)
        if batch == 1:
            _pause_job(network_id, job_id, Job.Pause.REFUSED)
    if operation.confirmed_by:
        mine.filter(state__in=[Batch.State.ANSWERED, Batch.State.UNCERTAIN]).update(proof_pending=True)
    end_if_all_is_sent(network_id, job_id, now=now)


def _refuse(network_id: UUID, job_id: UUID, batch: int, error: VendorError, *, now: datetime) -> None:
    """Reject the rows that the vendor names; the others were not sent, unless an earlier call may have taken effect.

    Where it names none, all are rejected.
    """
    rows = numbers_in_body(network_id, job_id, batch)
    named: dict[int, list[dict[str, Any]]] = {}
    errors = error.errors if isinstance(error, InvalidPayload) else ()
    for item in errors:
        index = 0 if item.row is None and item.path and len(rows) == 1 else item.row
        if index is not None and index < len(rows):
            named.setdefault(rows[index], []).append(_as_json(item))
    general = [_as_json(item) for item in errors if item.is_global] or [{"key": error.detail, "path": []}]
    for number, found in named.items():
        only = Q(batch=batch, number=number)
        move(network_id, job_id, RowState.SENDING, RowState.REJECTED, now=now, only=only, errors=found)
    if batch in maybe_sent(network_id, job_id):
        # A repeat was refused: the call before it may have taken effect.
        _move_sent(network_id, job_id, batch, RowState.UNCERTAIN, now=now, errors=[] if named else general)
    elif named:
        _move_sent(network_id, job_id, batch, RowState.NOT_SENT, now=now, reason=Row.Reason.BATCH_REFUSED)
    else:
        _move_sent(network_id, job_id, batch, RowState.REJECTED, now=now, errors=general)


def _as_json(error: FieldError) -> dict[str, Any]:
    found: dict[str, Any] = storable(
        {
            "path": list(error.path),
            "key": error.message_key,
            "parameters": error.parameters,
            "pointer": error.pointer,
        }
    )
    return found


def _again(network_id: UUID, job_id: UUID, batch: int, *, at: datetime | None, now: datetime) -> None:
    """Put a batch back in line: nothing of it took effect, or a repeat does no harm."""
    _move_sent(network_id, job_id, batch, RowState.QUEUED, now=now)
    Batch.objects.filter(network_id=network_id, job_id=job_id, number=batch).update(
        state=Batch.State.WAITING, not_before=at, lease_until=None
    )


def _pause(outcome: VendorError, attempts: int) -> timedelta:
    """Return how long to wait: as long as the vendor asks, else longer each time, and never all at once."""
    if isinstance(outcome, RateLimited) and outcome.retry_after is not None:
        return timedelta(seconds=outcome.retry_after)
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempts)
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - spreads load, keeps no secret


def _pause_job(network_id: UUID, job_id: UUID, reason: Job.Pause) -> None:
    Job.objects.filter(network_id=network_id, id=job_id, state=JobState.SENDING).update(
        state=JobState.PAUSED, pause=reason
    )


def _move_sent(network_id: UUID, job_id: UUID, batch: int, after: RowState, *, now: datetime, **changes: Any) -> None:
    """Move the rows of a request that are being sent."""
    move(network_id, job_id, RowState.SENDING, after, now=now, only=Q(batch=batch), **changes)
