"""FLOW 2, before a call: takes the next batch for one worker, and writes down that it is about to be sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F

from integrations.mobility_work.client import body_of
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.ending import end_if_all_is_sent
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.moves import move
from portal.jobs.repeats import MAYBE, leave_touched, maybe_sent
from portal.jobs.states import JobState, RowState
from portal.jobs.support import KEPT
from portal.lib.ids import first_id_at
from portal.networks.models import Network

MARGIN_SECONDS = 5  # beyond the longest call, to store its answer
LOOK_AGAIN = timedelta(seconds=15)
# When the last change of other jobs was answered, of those that are about these parts and not settled. No join with the
# batch's own rows: what they are about was written a moment ago, so the planner knows nothing of it, and a bad plan
# takes minutes.
UNSETTLED = """
SELECT max(other.updated_at) FROM jobs_row other
WHERE other.network_id = %(network)s AND other.about = ANY (%(abouts)s) AND other.about <> ''
    AND other.job_id <> %(job)s AND other.updated_at > %(since)s AND (
        other.state IN ('sending', 'accepted', 'uncertain')
        OR other.state = 'queued' AND EXISTS (
            SELECT 1 FROM jobs_call c WHERE c.network_id = other.network_id AND c.job_id = other.job_id
                AND c.batch = other.batch AND c.outcome = ANY (%(unknown)s)))
"""


def lease() -> timedelta:
    """Return after what time whoever sends counts as gone: the call's outcome is unknown then."""
    seconds = max(settings.PORTAL_LEASE_SECONDS, settings.PORTAL_CALL_SECONDS + MARGIN_SECONDS)
    return timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that one worker sends now. Holds no key."""

    network: Network
    operation: Operation
    job_id: UUID
    batch: int
    call_id: UUID
    body: bytes  # minified JSON, exactly as it is sent
    rows: tuple[int, ...]  # the rows' numbers, in the order of the body


def claim_next(network: Network, *, now: datetime) -> Claim | None:
    """Take the next batch that may be sent, or None. Needs the network's scope, inside a transaction.

    One batch at a time per network and family of operations: the vendor promises no order between two requests.
    The call is on record before anything is sent, so that a process that dies leaves a trace of what may have happened.
    """
    lock_jobs(network.id)
    if _is_at_its_cap(network, now):
        return None
    while (batch := _due_batch(network, now)) is not None:
        job = Job.objects.get(network_id=network.id, id=batch.job_id)
        operation = OPERATIONS[job.operation]
        mine = Row.objects.filter(network_id=network.id, job_id=job.id, batch=batch.number)
        maybe_since = maybe_sent(network.id, job.id, batch=batch.number).get(batch.number)
        if maybe_since is not None:
            # Only now, just before the repeat: an event may have come while it waited for its time.
            leave_touched(mine, operation, network_id=network.id, since=maybe_since, now=now)
        if _wait_for_others(network, batch, now=now):
            continue
        if mine.filter(state=RowState.QUEUED).exists():
            return _take(network, job, batch, operation, now=now)
        # An event has told of it already: its rows are looked back for.
        Batch.objects.filter(network_id=network.id, job_id=job.id, number=batch.number).update(
            state=Batch.State.UNCERTAIN, proof_pending=bool(operation.confirmed_by)
        )
        end_if_all_is_sent(network.id, job.id, now=now)
    return None


def _wait_for_others(network: Network, batch: Batch, *, now: datetime) -> bool:
    """Let a batch wait that is about a part of which another job's change is not settled; say whether it must.

    The vendor applies what it accepted minutes later, and promises no order between two requests. A change is settled
    once an event has confirmed it, or when the grace time after its answer is over (design section 4, "Settled").
    """
    since = now - timedelta(minutes=settings.PORTAL_GRACE_MINUTES)
    mine = Row.objects.filter(network_id=network.id, job_id=batch.job_id, batch=batch.number, state=RowState.QUEUED)
    abouts = list(mine.exclude(about="").values_list("about", flat=True))
    if not abouts:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            UNSETTLED,
            {"network": network.id, "job": batch.job_id, "abouts": abouts, "since": since, "unknown": MAYBE},
        )
        [latest] = cursor.fetchone() or [None]
    if latest is None:
        return False
    settled_at = latest + timedelta(minutes=settings.PORTAL_GRACE_MINUTES)
    Batch.objects.filter(network_id=network.id, job_id=batch.job_id, number=batch.number).update(
        not_before=min(settled_at, now + LOOK_AGAIN)  # an event may settle it sooner
    )
    return True


def _is_at_its_cap(network: Network, now: datetime) -> bool:
    """Say whether as many calls were begun within the last minute as the setting allows; what waits is found again."""
    cap = settings.PORTAL_CALLS_PER_MINUTE
    since = first_id_at(now - timedelta(minutes=1))
    return bool(cap) and Call.objects.filter(network_id=network.id, id__gte=since).count() >= cap


def _take(network: Network, job: Job, batch: Batch, operation: Operation, *, now: datetime) -> Claim:
    """Write down that a batch is about to be sent."""
    mine = Row.objects.filter(network_id=network.id, job_id=job.id, batch=batch.number)
    queued = mine.filter(state=RowState.QUEUED).order_by("number").values_list("number", "item")
    rows = [(number, item) for number, item in queued if item is not None]
    body = body_of(operation, [item for _, item in rows])
    call = Call.objects.create(
        network_id=network.id,
        job_id=job.id,
        batch=batch.number,
        attempt=batch.forgiven + batch.attempts + 1,
        method=operation.method,
        path=operation.path,
        request_bytes=len(body),
        request_digest=hashlib.sha256(body).digest(),
        request_body=body[:KEPT],
        started_at=now,
    )
    move(mine.filter(item__isnull=False), RowState.QUEUED, RowState.SENDING, now=now)
    Batch.objects.filter(network_id=network.id, job_id=job.id, number=batch.number).update(
        state=Batch.State.SENDING, attempts=F("attempts") + 1, lease_until=now + lease()
    )
    Job.objects.filter(network_id=network.id, id=job.id).update(state=JobState.SENDING, pause="")
    return Claim(
        network=network,
        operation=operation,
        job_id=job.id,
        batch=batch.number,
        call_id=call.id,
        body=body,
        rows=tuple(number for number, _ in rows),
    )


def _due_batch(network: Network, now: datetime) -> Batch | None:
    """Return the first waiting batch of the oldest job of a family that sends nothing at the moment."""
    running = Job.objects.filter(network_id=network.id, state__in=[JobState.QUEUED, JobState.SENDING])
    busy: set[str] = set()
    for job in running.order_by("submitted_at", "id"):
        if job.family in busy:
            continue
        busy.add(job.family)  # those that came later wait for this one, also while it waits for its time
        first = (
            Batch.objects.filter(network_id=network.id, job_id=job.id)
            .filter(state__in=[Batch.State.SENDING, Batch.State.WAITING])
            .order_by("number")
            .first()
        )
        if first is None or first.state == Batch.State.SENDING:
            continue
        if first.not_before is None or first.not_before <= now:
            return first
    return None
