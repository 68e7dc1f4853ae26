"""FLOW 2, before a call: takes the next batch for one worker, and writes down that it is about to be sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Max, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from pydantic_core import from_json

from integrations.mobility_work.client import body_of
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.ending import end_if_all_is_sent
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.moves import rows_in
from portal.jobs.repeats import MAYBE, leave_touched, maybe_sent
from portal.jobs.states import UNDER_WAY, JobState, RowState, refuse_wrong_row_turn
from portal.jobs.submit import ABOUT
from portal.jobs.support import KEPT
from portal.lib.ids import first_id_at
from portal.networks.models import Network

MARGIN_SECONDS = 5  # beyond the longest call, to store its answer
LOOK_AGAIN = timedelta(seconds=15)
ANSWERED = [RowState.SENDING, RowState.ACCEPTED, RowState.UNCERTAIN]
# What a row calls its part from then on, as `Row.about` names parts.
NEW_NAME = RawSQL(ABOUT.format(column="'externalReference'"), [], output_field=TextField())  # noqa: S611 - no input
# The items of a request, one a line: in JSON as PostgreSQL writes it no line ends.
ITEMS = """
SELECT string_agg(item::text, E'\\n' ORDER BY number) FROM jobs_row
WHERE network_id = %s AND job_id = %s AND batch = %s AND state = 'queued'
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
        maybe_since = maybe_sent(network.id, job.id, batch=batch.number).get(batch.number)
        if maybe_since is not None:
            # Only now, just before the repeat: an event may have come while it waited for its time.
            leave_touched(network.id, job.id, batch.number, operation, since=maybe_since, now=now)
        if operation.names_a_part and _wait_for_others(network, batch, now=now):
            continue
        if body := _body(batch, operation):
            return _take(network, job, batch, operation, body, now=now)
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
    grace = timedelta(minutes=settings.PORTAL_GRACE_MINUTES)
    latest = _last_unsettled(network, batch, since=now - grace, now=now)
    if latest is None:
        return False
    Batch.objects.filter(network_id=network.id, job_id=batch.job_id, number=batch.number).update(
        not_before=min(latest + grace, now + LOOK_AGAIN)  # an event may settle it sooner
    )
    return True


def _last_unsettled(network: Network, batch: Batch, *, since: datetime, now: datetime) -> datetime | None:
    """Return when the last change of other jobs was answered that is about a part of the batch and not settled.

    The parts are given as a list: of rows that were stored a moment ago the planner knows nothing, and where it joins
    them it compares all of them with all.
    """
    jobs = Job.objects.filter(network_id=network.id).exclude(id=batch.job_id)
    others = list(jobs.filter(Q(state__in=UNDER_WAY) | Q(ended_at__gt=since)).values_list("id", flat=True))
    if not others:
        return None  # in most cases, and known at once
    mine = Row.objects.filter(network_id=network.id, job_id=batch.job_id, batch=batch.number, state=RowState.QUEUED)
    parts = [*mine.exclude(about="").values_list("about", flat=True)]
    parts += _renaming(mine).annotate(new_name=NEW_NAME).values_list("new_name", flat=True)
    rows = Row.objects.filter(network_id=network.id, job_id__in=others).exclude(about="")
    found = [rows.filter(about__in=parts)]
    # Which of the two names the vendor knows a part by, nobody can tell until its new name is settled.
    renamed = _renaming(rows)
    if renamed.exists():
        found.append(renamed.alias(new_name=NEW_NAME).filter(new_name__in=parts))
    moments: list[datetime | None] = []
    in_line: set[tuple[UUID, int | None]] = set()
    for theirs in found:
        answered = theirs.filter(state__in=ANSWERED, updated_at__gt=since)
        moments.append(answered.aggregate(last=Max("updated_at"))["last"])
        in_line |= set(theirs.filter(state=RowState.QUEUED).values_list("job_id", "batch").order_by().distinct())
    # What is in line has been sent where a call has no answer, or none that says what became of it.
    calls = Call.objects.filter(network_id=network.id, job_id__in=others) if in_line else Call.objects.none()
    doubtful = calls.filter(Q(ended_at=None) | Q(outcome__in=MAYBE, ended_at__gt=since))
    for job_id, number, ended_at in doubtful.values_list("job_id", "batch", "ended_at"):
        if (job_id, number) in in_line:
            moments.append(ended_at or now)
    return max(filter(None, moments), default=None)


def _renaming(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Narrow rows to those that give their part another reference, which few do: they have an index."""
    return rows.exclude(about="").filter(item__has_key="externalReference")


def _is_at_its_cap(network: Network, now: datetime) -> bool:
    """Say whether as many calls were begun within the last minute as the setting allows; what waits is found again."""
    cap = settings.PORTAL_CALLS_PER_MINUTE
    since = first_id_at(now - timedelta(minutes=1))
    return bool(cap) and Call.objects.filter(network_id=network.id, id__gte=since).count() >= cap


def _body(batch: Batch, operation: Operation) -> bytes:
    """Return the request for those rows of a batch that are in line, nothing where none is."""
    with connection.cursor() as cursor:
        cursor.execute(ITEMS, [batch.network_id, batch.job_id, batch.number])
        [lines] = cursor.fetchone() or [None]
    # One item at a time: of ten thousand at once the collector of garbage makes more work than they are.
    return body_of(operation, map(from_json, lines.split("\n"))) if lines else b""


def numbers_in_body(network_id: UUID, job_id: UUID, batch: int) -> list[int]:
    """Return the numbers of the rows of a request that is under way, in the order of its body."""
    sent = rows_in(network_id, job_id, RowState.SENDING).filter(batch=batch, item__isnull=False)
    return list(sent.order_by("number").values_list("number", flat=True))


def _take(network: Network, job: Job, batch: Batch, operation: Operation, body: bytes, *, now: datetime) -> Claim:
    """Write down that a batch is about to be sent: from then on its rows are being sent, though none is written."""
    refuse_wrong_row_turn(RowState.QUEUED, RowState.SENDING)
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
    Batch.objects.filter(network_id=network.id, job_id=job.id, number=batch.number).update(
        state=Batch.State.SENDING, attempts=F("attempts") + 1, lease_until=now + lease()
    )
    if job.state != JobState.SENDING or job.pause:
        Job.objects.filter(network_id=network.id, id=job.id).update(state=JobState.SENDING, pause="")
    return Claim(
        network=network, operation=operation, job_id=job.id, batch=batch.number, call_id=call.id, body=body
    )  # fmt: skip


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
