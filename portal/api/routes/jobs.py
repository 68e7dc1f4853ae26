"""Jobs: what was sent to Mobility Work, and what became of every row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Query
from pydantic import Field

from integrations.mobility_work.operations import OPERATIONS
from portal.api.answers import Item, Page
from portal.api.cursors import NUMBER, IdCursor, NumberCursor
from portal.api.door import ApiRequest, network_of, networks_of
from portal.api.errors import not_found
from portal.api.parameters import DEFAULT, JobId, Limit, NetworkName, Parameters, Slug, one_of
from portal.api.queries.jobs import job_list, job_of, row_list
from portal.api.registry import listing, single
from portal.jobs.ending import counts_of
from portal.jobs.models import Job, Row
from portal.jobs.places import Places, places_of
from portal.jobs.states import JobState, RowState

AREA = "Jobs"
ID = "0198c2de-7b3a-7c11-9f4e-2f6a1d0c5e77"


class JobItem(Item):
    """One submission of an operation, by form or by file."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    job: UUID = Field(description="Id of the job.", examples=[ID])
    operation: str = Field(description="The vendor's `operationId`.", examples=["replaceSparePartStock"])
    state: str = Field(description=f"One of {', '.join(f'`{state}`' for state in JobState.values)}.", examples=["done"])
    pause: str | None = Field(description="Why it is paused.", examples=[None])
    source: str = Field(description="`form` or `file`.", examples=["file"])
    file_name: str | None = Field(description="Name of the file.", examples=["stock-march.csv"])
    rows: int = Field(description="Rows of it.", examples=[9973])
    created_by: str = Field(description="Who made it.", examples=["ana@example.com"])
    submitted_by: str | None = Field(description="Who sent it off.", examples=["ben@example.com"])
    created_at: datetime = Field(description="When it was made.", examples=["2026-03-12T08:00:00Z"])
    submitted_at: datetime | None = Field(description="When it was sent off.", examples=["2026-03-12T08:05:00Z"])
    ended_at: datetime | None = Field(description="When it ended.", examples=["2026-03-12T08:06:10Z"])
    content_removed_at: datetime | None = Field(
        description="When its file and rows were removed, at the end of the organization's retention.", examples=[None]
    )
    previous_job: UUID | None = Field(description="The job whose rows it goes on with.", examples=[None])


class JobDetail(JobItem):
    """One job with the count of its rows by state."""

    row_states: dict[str, int] = Field(
        description="Number of rows in each state; the sum is all of them.",
        examples=[{"confirmed": 9950, "rejected": 23}],
    )


class RowProblem(Item):
    """What is wrong with a row, or remarkable."""

    column: str | None = Field(description="Column of the operation; null = the whole row.", examples=["quantity"])
    cell: str | None = Field(
        description="Cell of the file, as a spreadsheet names it; null where it stands in no file.", examples=["F1043"]
    )
    code: str = Field(description="Stable name of the problem.", examples=["not_a_number"])


class RowItem(Item):
    """One row of a job."""

    row: int = Field(description="Number, as a spreadsheet shows it.", examples=[2])
    state: str = Field(
        description=f"One of {', '.join(f'`{state}`' for state in RowState.values)}.", examples=["confirmed"]
    )
    reason: str | None = Field(description="Why it was not sent.", examples=[None])
    item: dict[str, Any] | None = Field(
        description="What is sent; null while the row has errors.", examples=[{"id": "FILT-GA37-OIL", "quantity": 12}]
    )
    spare_part: str | None = Field(description="Key of the part whose stock it sets.", examples=["ref:FILT-GA37-OIL"])
    request: int | None = Field(description="Number of the request in which it is sent.", examples=[1])
    problems: list[RowProblem] = Field(description="Errors that the check found.")
    warnings: list[RowProblem] = Field(description="What the check warns of.")
    vendor_errors: list[dict[str, Any]] = Field(
        description="What Mobility Work said of it, with the `cell` of the file as of `problems`.",
        examples=[[{"path": ["quantity"], "key": "error.payload.min", "cell": "F1043"}]],
    )
    settled_by: str | None = Field(description="Who settled it by hand, where it was uncertain.", examples=[None])
    settled_at: datetime | None = Field(description="When they did.", examples=[None])
    updated_at: datetime = Field(description="When it last changed.", examples=["2026-03-12T08:06:10Z"])


class JobQuery(Parameters):
    """Filters of jobs."""

    network: Slug | None = Field(None)
    operation: one_of(OPERATIONS) | None = Field(None, description="Only jobs of this operation.")  # type: ignore[valid-type]
    state: list[one_of(JobState.values)] = Field([], description="Only jobs in these states.")  # type: ignore[valid-type]
    limit: Limit = DEFAULT
    cursor: IdCursor = ""


class RowQuery(Parameters):
    """Filters of rows."""

    state: list[one_of(RowState.values)] = Field([], description="Only rows in these states.")  # type: ignore[valid-type]
    limit: Limit = DEFAULT
    cursor: NumberCursor = ""


@listing("/jobs", JobItem, area=AREA, summary="Jobs")
def jobs(request: ApiRequest, query: Query[JobQuery]) -> Page:
    """Jobs of all networks of the token, the newest first."""
    networks = networks_of(request, query.network)
    found = job_list(
        networks, operation=query.operation, states=query.state, cursor=query.cursor, limit=query.limit + 1
    )
    slugs = {network.id: network.slug for network in networks}
    items = [JobItem(**_values(each, slugs[each.network_id])) for each in found[: query.limit]]
    return Page(JobItem, items, {"cursor": items[-1].job.hex} if len(found) > query.limit else None)


@single("/networks/{network}/jobs/{job}", JobDetail, area=AREA, summary="One job")
def job(request: ApiRequest, network: NetworkName, job: JobId) -> JobDetail:
    """One job with the count of its rows by state."""
    found = _job(request, network, job)
    counts = counts_of(found.network_id, found.id)
    return JobDetail(**_values(found, network), row_states={state.value: count for state, count in counts.items()})


@listing("/networks/{network}/jobs/{job}/rows", RowItem, area=AREA, summary="Rows of a job")
def job_rows(request: ApiRequest, network: NetworkName, job: JobId, query: Query[RowQuery]) -> Page:
    """Rows of a job with their state, in the order of its file."""
    mine = _job(request, network, job)
    places = places_of(mine)
    found = row_list(mine, states=query.state, cursor=query.cursor, limit=query.limit + 1)
    items = [
        RowItem(
            row=row.number,
            state=row.state,
            reason=row.reason or None,
            item=row.item,
            spare_part=row.about or None,
            request=row.batch,
            problems=[_problem(each, row, places) for each in row.problems],
            warnings=[_problem(each, row, places) for each in row.warnings],
            vendor_errors=[_vendor_error(each, row, places) for each in row.errors],
            settled_by=row.said_by or None,
            settled_at=row.said_at,
            updated_at=row.updated_at,
        )
        for row in found[: query.limit]
    ]
    more = len(found) > query.limit
    return Page(RowItem, items, {"cursor": items[-1].row.to_bytes(NUMBER, "big").hex()} if more else None)


def _job(request: ApiRequest, network: str, job_id: UUID) -> Job:
    found = job_of(network_of(request, network).id, job_id)
    if found is None:
        raise not_found("There is no such job on this network.")
    return found


def _values(job: Job, slug: str) -> dict[str, Any]:
    return {
        "network": slug, "job": job.id, "operation": job.operation, "state": job.state, "pause": job.pause or None,
        "source": job.source, "file_name": job.file_name or None, "rows": job.rows, "created_by": job.created_by,
        "submitted_by": job.sent_by if job.submitted_at else None,
        "created_at": job.created_at, "submitted_at": job.submitted_at, "ended_at": job.ended_at,
        "content_removed_at": job.content_removed_at, "previous_job": job.previous_id,
    }  # fmt: skip


def _problem(stored: dict[str, Any], row: Row, places: Places) -> RowProblem:
    column = stored.get("column") or ""
    return RowProblem(column=column or None, cell=places.cell(column, row.number) or None, code=stored["code"])


def _vendor_error(stored: dict[str, Any], row: Row, places: Places) -> dict[str, Any]:
    column = places.column_at(tuple(str(part) for part in stored.get("path") or ()))
    return stored | {"cell": places.cell(column, row.number) or None}
