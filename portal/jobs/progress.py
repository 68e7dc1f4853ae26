"""How far a job is, and how many of its rows events have proved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.ending import counts_of
from portal.jobs.models import Batch, Call, Job
from portal.jobs.states import IN_PREPARATION, UNDER_WAY, JobState, RowState

SETTLED = {
    RowState.ACCEPTED, RowState.UNCONFIRMED, RowState.CONFIRMED, RowState.CONTRADICTED, RowState.REJECTED,
    RowState.UNCERTAIN, RowState.SAID_TAKEN, RowState.SAID_LOST,
}  # fmt: skip
KEPT_HERE = frozenset({RowState.INVALID, RowState.LEFT_OUT, RowState.HELD})
# The bar's segments, from left to right: a colour of the look, and the states that it holds.
SEGMENTS: tuple[tuple[str, frozenset[RowState]], ...] = (
    ("good", frozenset({RowState.ACCEPTED, RowState.UNCONFIRMED, RowState.CONFIRMED})),
    ("bad", frozenset({RowState.REJECTED, RowState.CONTRADICTED})),
    ("warn", frozenset({RowState.UNCERTAIN})),
    ("neutral", frozenset({RowState.SAID_TAKEN, RowState.SAID_LOST, RowState.NOT_SENT})),
    ("progress", frozenset({RowState.SENDING})),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the bar, in thousandths of its length."""

    colour: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    counts: dict[RowState, int]
    rows: int  # that were to be sent: neither left out nor held back
    settled: int
    segments: tuple[Segment, ...]
    next_at: datetime | None  # when something that waits for its time is tried
    is_waiting_for_others: bool  # it was never sent: a change of the same part by another job is not settled
    rows_per_minute: int | None
    time_left: timedelta | None


def progress_of(job: Job, *, now: datetime) -> Progress:
    """Return how far a job is. Needs the network's scope."""
    counts = counts_of(job.network_id, job.id)
    batches = Batch.objects.filter(network_id=job.network_id, job_id=job.id)
    waiting = batches.filter(state__in=[Batch.State.WAITING, Batch.State.SENDING])
    delayed = waiting.filter(not_before__gt=now).order_by("not_before").first()
    settled = sum(count for state, count in counts.items() if state in SETTLED)
    rate = _rows_per_second(job, settled, now=now)
    to_do = counts.get(RowState.QUEUED, 0) + counts.get(RowState.SENDING, 0)
    is_running = job.state in UNDER_WAY and job.state != JobState.PAUSED
    return Progress(
        counts=counts,
        rows=sum(count for state, count in counts.items() if state not in KEPT_HERE),
        settled=settled,
        segments=tuple(_segments(counts)),
        next_at=delayed.not_before if delayed else None,
        is_waiting_for_others=delayed is not None and delayed.attempts == 0,
        rows_per_minute=round(rate * 60) if rate else None,
        time_left=timedelta(seconds=round(to_do / rate)) if rate and to_do and is_running else None,
    )


def _segments(counts: dict[RowState, int]) -> Iterable[Segment]:
    total, start = sum(count for state, count in counts.items() if state not in KEPT_HERE), 0
    for colour, states in SEGMENTS:
        count = sum(counts.get(state, 0) for state in states)
        # A single row among 100,000 is seen all the same.
        length = max(round(1000 * count / total), 4) if count else 0
        if length:
            yield Segment(colour, start, min(length, 1000 - start))
            start += length


def _rows_per_second(job: Job, settled: int, *, now: datetime) -> float | None:
    calls = Call.objects.filter(network_id=job.network_id, job_id=job.id)
    first = calls.order_by("batch", "attempt").values_list("started_at", flat=True).first()
    last = calls.order_by("-batch", "-attempt").values_list("ended_at", flat=True).first()
    if not settled or first is None:
        return None
    until = now if job.state == JobState.SENDING else last or now
    seconds = (until - first).total_seconds()
    return settled / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Proof:
    """How many of the rows that were taken events have proved."""

    confirmed: int
    waiting: int
    unconfirmed: int
    contradicted: int

    @property
    def all(self) -> int:
        """Return how many rows were taken."""
        return self.confirmed + self.waiting + self.unconfirmed + self.contradicted


def proof_of(job: Job, counts: dict[RowState, int]) -> Proof | None:
    """Return what events have proved of a job, from the count of its rows by state; None where no event can."""
    if not OPERATIONS[job.operation].confirmed_by or job.state in IN_PREPARATION:
        return None
    return Proof(
        confirmed=counts.get(RowState.CONFIRMED, 0),
        waiting=counts.get(RowState.ACCEPTED, 0),
        unconfirmed=counts.get(RowState.UNCONFIRMED, 0),
        contradicted=counts.get(RowState.CONTRADICTED, 0),
    )
