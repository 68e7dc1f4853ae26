"""What the pages of jobs show: one page of jobs, of checked rows, of results, and how far a job is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from portal.jobs.ending import counts_of
from portal.jobs.models import Batch, Call, Confirmation, Job, Row
from portal.jobs.moves import as_they_stand, rows_in
from portal.jobs.problems import KINDS, OTHER, kind_of
from portal.jobs.states import RowState
from portal.networks.models import Network
from portal.timeline.models import Reading

PAGE = 50
COUNT_KINDS = """
SELECT said->>'code', count(DISTINCT r.number) FROM jobs_row r
CROSS JOIN LATERAL jsonb_array_elements(r.problems || r.warnings) AS said
WHERE r.network_id = %s AND r.job_id = %s AND r.cells IS NOT NULL AND r.state <> %s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class JobFilters:
    """What a list of jobs is narrowed to; empty = everything."""

    networks: Sequence[Network]
    operation: str = ""
    state: str = ""
    mine: UUID | None = None
    attention: str = ""  # a key of portal.jobs.attention.ATTENTION
    needs: Q | None = None  # what that means for the reader, now


def job_page(filters: JobFilters, *, before: UUID | None) -> tuple[list[Job], UUID | None]:
    """Return one page of jobs, newest first, and where the next one begins. Needs the scope of the networks.

    Ids are in the order of creation, also across networks.
    """
    jobs = Job.objects.filter(network_id__in=[network.id for network in filters.networks])
    if filters.operation:
        jobs = jobs.filter(operation=filters.operation)
    if filters.state:
        jobs = jobs.filter(state=filters.state)
    if filters.mine:
        jobs = jobs.filter(created_by_id=filters.mine)
    if before:
        jobs = jobs.filter(id__lt=before)
    if filters.needs:
        jobs = jobs.filter(filters.needs)
    page = list(jobs.order_by("-id")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].id if len(page) > PAGE else None


# --- the check


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The figures of a check, in rows."""

    good: int
    bad: int
    warned: int  # among the good
    left_out: int


def verdicts_of(job: Job) -> Verdicts:
    """Return the figures of a checked job. Needs the network's scope."""
    counts = counts_of(job.network_id, job.id)
    warned = _remarked(job).filter(state=RowState.READY).exclude(warnings=[]).count()
    return Verdicts(
        good=counts.get(RowState.READY, 0),
        bad=counts.get(RowState.INVALID, 0),
        warned=warned,
        left_out=counts.get(RowState.LEFT_OUT, 0),
    )


def kinds_found(job: Job) -> list[tuple[str, int]]:
    """Return the kinds of what was found and how many findings each has, in the order of KINDS."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_KINDS, [job.network_id, job.id, RowState.LEFT_OUT])
        counts: Counter[str] = Counter()
        for code, count in cursor.fetchall():
            counts[kind_of(code)] += count
    return [(kind, counts[kind]) for kind in (*KINDS, OTHER) if counts[kind]]


SHOWN_STATES = {
    "errors": Q(state=RowState.INVALID),
    "warnings": Q(state=RowState.READY) & ~Q(warnings=[]),
    "left-out": Q(state=RowState.LEFT_OUT),
}


def remarked_rows(job: Job, *, show: str, kind: str, after: int) -> tuple[list[Row], int | None]:
    """Return one page of the rows of which there is something to say, and behind which row the next begins.

    `show` is a key of SHOWN_STATES or empty, `kind` one of KINDS, OTHER or empty. Needs the network's scope.
    """
    rows = _remarked(job).filter(number__gt=after)
    # A row that was mended stays where it is until the page is asked for anew, then it is no longer shown.
    rows = rows.filter(SHOWN_STATES.get(show, Q()))
    if not show and job.source == Job.Source.FILE:  # the one row of a form is shown whatever is said of it
        rows = rows.exclude(Q(problems=[]) & Q(warnings=[]) & Q(errors=[]) & ~Q(state=RowState.LEFT_OUT))
    if kind in KINDS:
        said = Q()
        for code in KINDS[kind][1]:
            said |= Q(problems__contains=[{"code": code}]) | Q(warnings__contains=[{"code": code}])
        rows = rows.filter(said)
    elif kind == OTHER:
        rows = rows.filter(number__in=_numbers_of_other(job))
    page = list(rows.order_by("number")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].number if len(page) > PAGE else None


def _numbers_of_other(job: Job) -> list[int]:
    known = sorted({code for _words, codes in KINDS.values() for code in codes})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT r.number FROM jobs_row r "
            "CROSS JOIN LATERAL jsonb_array_elements(r.problems || r.warnings) AS said "
            "WHERE r.network_id = %s AND r.job_id = %s AND r.cells IS NOT NULL AND said->>'code' <> ALL(%s)",
            [job.network_id, job.id, known],
        )
        return [number for (number,) in cursor.fetchall()]


def good_rows(job: Job, *, after: int) -> tuple[list[Row], int | None]:
    """Return one page of the rows that can be sent, and behind which row the next begins. Needs the scope."""
    mine = Row.objects.filter(network_id=job.network_id, job_id=job.id, state=RowState.READY, number__gt=after)
    page = list(mine.order_by("number")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].number if len(page) > PAGE else None


def changed_beside(job: Job, row: Row) -> list[Row]:
    """Return the other rows that the latest change of a row touched: a page that shows them brings them up to date."""
    return list(_remarked(job).filter(updated_at=row.updated_at).exclude(number=row.number).order_by("number")[:PAGE])


def _remarked(job: Job) -> QuerySet[Row]:
    return Row.objects.filter(network_id=job.network_id, job_id=job.id, cells__isnull=False)


# --- sending and results


def going_on_with(job: Job) -> list[Job]:
    """Return the jobs that go on with rows of a job, oldest first. Needs the network's scope."""
    others = Job.objects.filter(network_id=job.network_id, previous_id=job.id, previous_network_id=None)
    return list(others.order_by("id")[:PAGE])


@dataclass(frozen=True, slots=True)
class SentBatch:
    """One request of a job with every call that was made for it."""

    batch: Batch
    calls: list[Call]

    @property
    def is_trouble(self) -> bool:
        """Say whether some call of it ended otherwise than well."""
        return any(call.ended_at is not None and call.outcome != "accepted" for call in self.calls)


def batch_page(job: Job, *, after: int) -> tuple[list[SentBatch], int | None]:
    """Return one page of a job's requests, and behind which the next begins. Needs the network's scope."""
    mine = Batch.objects.filter(network_id=job.network_id, job_id=job.id, number__gt=after).order_by("number")
    page = list(mine[: PAGE + 1])
    more, page = len(page) > PAGE, page[:PAGE]
    calls: dict[int, list[Call]] = {}
    found = Call.objects.filter(network_id=job.network_id, job_id=job.id, batch__in=[each.number for each in page])
    for call in found.defer("request_body", "response_body").order_by("batch", "id"):
        calls.setdefault(call.batch, []).append(call)
    return [SentBatch(each, calls.get(each.number, [])) for each in page], page[-1].number if more else None


def result_page(job: Job, *, state: str, after: int, size: int = PAGE) -> tuple[list[Row], int | None]:
    """Return one page of a job's rows, narrowed to a state. Needs the network's scope."""
    rows = (
        rows_in(job.network_id, job.id, RowState(state))
        if state
        else Row.objects.filter(network_id=job.network_id, job_id=job.id)
    )
    page = as_they_stand(job.network_id, job.id, rows.filter(number__gt=after).order_by("number")[: size + 1])
    return page[:size], page[size - 1].number if len(page) > size else None


def evidence_for(job: Job, rows: Sequence[Row]) -> dict[int, list[Confirmation]]:
    """Return what events have said of some rows of a job, oldest first, by row. Needs the network's scope."""
    found: dict[int, list[Confirmation]] = {}
    mine = Confirmation.objects.filter(
        network_id=job.network_id, job_id=job.id, number__in=[row.number for row in rows]
    )
    for each in mine.order_by("number", "occurred_at", "position"):
        found.setdefault(each.number, []).append(each)
    return found


def unsent_by_reason(job: Job) -> dict[str, int]:
    """Return how many rows of a job were not sent, by Row.Reason. Needs the network's scope."""
    rows = Row.objects.filter(network_id=job.network_id, job_id=job.id, state=RowState.NOT_SENT)
    return dict(rows.values_list("reason").annotate(Count("number")).order_by())


def unverified_among(job: Job, evidence: Mapping[int, Sequence[Confirmation]]) -> set[int]:
    """Return the positions of events whose signature nothing has verified so far. Needs the network's scope."""
    positions = {each.position for found in evidence.values() for each in found}
    readings = Reading.objects.filter(network_id=job.network_id, position__in=positions, verified=False)
    return set(readings.values_list("position", flat=True))


def caused_by(network: Network, position: int) -> list[tuple[Confirmation, Job]]:
    """Return the rows of which an event says something, with their jobs. Needs the network's scope."""
    found = list(
        Confirmation.objects.filter(network_id=network.id, position=position).order_by("job_id", "number")[:PAGE]
    )
    jobs = {job.id: job for job in Job.objects.filter(network_id=network.id, id__in={each.job_id for each in found})}
    return [(each, jobs[each.job_id]) for each in found]
