"""Files that people take away: rows with errors to mend and upload again, and what became of every row."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from django.db.models import QuerySet
from django.utils.translation import gettext

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.checking import used_columns
from portal.jobs.drafts import REASON
from portal.jobs.models import Job, Row
from portal.jobs.problems import said_by_vendor, shown
from portal.jobs.states import RowState
from portal.lib.tabular import write_csv

AT_ONCE = 2_000


def headings_of(job: Job) -> dict[str, str]:
    """Return what the person's own file calls each column that is sent; of a form, its labels."""
    if job.heading:
        return {name: job.heading[position] or name for position, name in used_columns(job)}
    return {each.name: gettext(each.label) for each in OPERATIONS[job.operation].fields}


def names_of_places(job: Job) -> dict[tuple[str, ...], str]:
    """Return what the person's own file calls each place in an item."""
    headings = headings_of(job)
    fields = OPERATIONS[job.operation].fields
    return {each.path: headings.get(each.name, gettext(each.label)) for each in fields if each.path}


def bad_rows(job: Job) -> IO[bytes]:
    """Return the rows that were not sent for their errors, as a file that uploads again as it is."""
    headings = headings_of(job)
    names = [name for _position, name in used_columns(job)]
    rows = Row.objects.filter(
        network_id=job.network_id, job_id=job.id, state__in=[RowState.INVALID, RowState.HELD]
    ).order_by("number")

    def cells() -> Iterator[Sequence[str]]:
        for row in in_pieces(rows):
            typed = row.cells or {}
            yield [*(typed.get(name, "") for name in names), " ".join(reasons(row, headings))]

    return _written([*(headings[name] for name in names), str(REASON)], cells())


def results(job: Job) -> IO[bytes]:
    """Return what became of every row."""
    places, headings = names_of_places(job), headings_of(job)
    operation = OPERATIONS[job.operation]
    rows = Row.objects.filter(network_id=job.network_id, job_id=job.id).order_by("number")

    def cells() -> Iterator[Sequence[str]]:
        for row in in_pieces(rows):
            said = said_by_vendor(row.errors, places) or [
                *reasons(row, headings),
                *([str(row.get_reason_display())] if row.reason else []),
            ]
            yield [
                str(row.number),
                str(row.get_state_display()),
                " ".join(said),
                json.dumps(row.item, ensure_ascii=False) if row.item else "",
            ]

    heading = [gettext("Row"), gettext("State"), gettext("What was said"), gettext(operation.label)]
    return _written(heading, cells())


def in_pieces(rows: QuerySet[Row]) -> Iterator[Row]:
    """Yield the rows of one job by number, a piece at a time: a hundred thousand of them fit no memory."""
    after = -1
    while piece := list(rows.filter(number__gt=after).order_by("number")[:AT_ONCE]):
        yield from piece
        after = piece[-1].number


def reasons(row: Row, headings: dict[str, str]) -> list[str]:
    """Return what the check said of a row, one sentence each."""
    problems = [shown(each) for each in row.problems]
    return [f"{headings.get(each.column, each.column)}: {each.text}" if each.column else each.text for each in problems]


def _written(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    file = tempfile.TemporaryFile(prefix="portal-download-")  # noqa: SIM115 - whoever sends it closes it
    write_csv(file, heading, rows)
    file.seek(0)
    return file
