"""FLOW 2, before a call: takes the next batch for one worker, and writes down that it is about to be sent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.states import JobState, RowState
from portal.networks.models import Credential, Network

# Longer than any call can take: whoever is gone for longer will not come back with an answer.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that one worker sends now. Holds no key."""

    network: Network
    operation: Operation
    job_id: UUID
    batch: int
    call_id: UUID
    attempt: int
    body: bytes  # minified JSON, exactly as it is sent
    rows: tuple[int, ...]  # the rows' numbers, in the order of the body


def claim_next(network: Network, *, now: datetime) -> Claim | None:
    """Take the next batch that may be sent, or None. Needs the network's scope, inside a transaction.

    One batch at a time per network and family of operations: the vendor promises no order between two requests.
    The call is on record before anything is sent, so that a process that dies leaves a trace of what may have happened.
    """
    lock_jobs(network.id)
    batch = _due_batch(network, now)
    if batch is None:
        return None
    job = Job.objects.get(network_id=network.id, id=batch.job_id)
    operation = OPERATIONS[job.operation]
    rows = list(
        Row.objects.filter(network_id=network.id, job_id=job.id, batch=batch.number, state=RowState.QUEUED)
        .order_by("number")
        .values_list("number", "item")
    )
    body = body_of(operation, [item for _, item in rows if item is not None])
    call = Call.objects.create(
        network_id=network.id,
        job_id=job.id,
        batch=batch.number,
        attempt=batch.attempts + 1,
        method=operation.method,
        path=operation.path,
        request_bytes=len(body),
        request_digest=hashlib.sha256(body).digest(),
        started_at=now,
    )
    Row.objects.filter(network_id=network.id, job_id=job.id, batch=batch.number, state=RowState.QUEUED).update(
        state=RowState.SENDING, updated_at=now
    )
    Batch.objects.filter(network_id=network.id, job_id=job.id, number=batch.number).update(
        state=Batch.State.SENDING, attempts=F("attempts") + 1, lease_until=now + LEASE
    )
    Job.objects.filter(network_id=network.id, id=job.id).update(state=JobState.SENDING, pause="")
    return Claim(
        network=network,
        operation=operation,
        job_id=job.id,
        batch=batch.number,
        call_id=call.id,
        attempt=call.attempt,
        body=body,
        rows=tuple(number for number, _ in rows),
    )


def lock_jobs(network_id: UUID) -> None:
    """Take the lock under which the jobs of a network change, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"jobs {network_id}"])


def body_of(operation: Operation, items: list[dict[str, Any]]) -> bytes:
    """Return the request of some rows as minified JSON: a list, or one object where the limit is one."""
    payload: object = items[0] if operation.bulk_limit == 1 else items
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def key_in_use(network_id: UUID) -> Credential | None:
    """Return the sealed key with which a network is asked now. Needs the network's scope."""
    return Credential.objects.filter(network_id=network_id, state=Credential.State.ACTIVE).first()


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
            .filter(Q(state=Batch.State.SENDING) | Q(state=Batch.State.WAITING))
            .order_by("number")
            .first()
        )
        if first is None or first.state == Batch.State.SENDING:
            continue
        if first.not_before is None or first.not_before <= now:
            return first
    return None
