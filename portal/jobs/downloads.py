"""Files that people take away: rows with errors to mend and upload again, and rows as checked.

They are made outside of any transaction, and open the network's scope for each piece of rows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.drafts import REASON
from portal.jobs.file_rows import all_cells, used_columns
from portal.jobs.models import Job, Row
from portal.jobs.moves import as_they_stand
from portal.jobs.places import Places, places_of
from portal.jobs.problems import said_by_vendor, shown
from portal.jobs.states import RowState
from portal.lib.scope import network_scope
from portal.lib.tabular import write_csv

AT_ONCE = 2_000


def bad_rows(job: Job) -> IO[bytes]:
    """Return the rows that were not sent for their errors, as a file that uploads again as it is."""
    places = places_of(job)
    names = [name for _position, name in used_columns(job)]

    def cells() -> Iterator[Sequence[str]]:
        for row in in_pieces(job, state__in=[RowState.INVALID, RowState.HELD]):
            typed = row.cells or {}
            yield [*(typed.get(name, "") for name in names), " ".join(reasons(row, places, elsewhere=True))]

    return written([*(places.headings[name] for name in names), str(REASON)], cells())


def checked_file(job: Job) -> IO[bytes]:
    """Return the rows as the check left them: cells as mended, and of each that is not sent why.

    Only the columns that are sent. It uploads again as it is; what was left out then comes in again.
    """
    places = places_of(job)
    names = [name for _position, name in used_columns(job)]

    def cells() -> Iterator[Sequence[str]]:
        with all_cells(job) as cells_of:
            for row in in_pieces(job):
                typed = row.cells if row.cells is not None else cells_of(row.number) or in_item(job, row, names)
                left_out = [str(row.get_state_display())] if row.state == RowState.LEFT_OUT else []
                said = [*left_out, *reasons(row, places, elsewhere=True)]
                yield [*(typed.get(name, "") for name in names), " ".join(said)]

    return written([*(places.headings[name] for name in names), str(REASON)], cells())


def in_item(job: Job, row: Row, names: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row that came by no file: what is sent, as it is."""
    operation = OPERATIONS[job.operation]
    found = {}
    for name in names:
        value: Any = row.item
        for part in operation.field(name).path:
            value = value.get(part) if isinstance(value, dict) else None
        found[name] = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return found


def in_pieces(job: Job, **states: Any) -> Iterator[Row]:
    """Yield the rows of a job by number, of which a hundred thousand fit no memory."""
    for piece in pieces_of(job, **states):
        yield from piece


def pieces_of(job: Job, **states: Any) -> Iterator[list[Row]]:
    """Yield the rows of a job by number, a piece at a time.

    Each piece is read in a scope of its own, so that no transaction is open while somebody reads a file beside it.
    """
    after = -1
    while True:
        with network_scope(job.network_id):
            rows = Row.objects.filter(network_id=job.network_id, job_id=job.id, number__gt=after, **states)
            piece = as_they_stand(job.network_id, job.id, rows.order_by("number")[:AT_ONCE])
        if not piece:
            return
        yield piece
        after = piece[-1].number


def reasons(row: Row, places: Places, *, elsewhere: bool = False) -> list[str]:
    """Return what the check said of a row, one sentence each; `elsewhere` as of `Places.sentence`."""
    said = [shown(each) for each in row.problems]
    return [places.sentence(each.column, row.number, each.text, elsewhere=elsewhere) for each in said]


def rejections(row: Row, places: Places) -> list[str]:
    """Return what Mobility Work said of a row, one sentence each."""
    said = said_by_vendor(row.errors, places)
    return [places.sentence(each.column, row.number, each.text) for each in said]


def written(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """Return rows as a CSV file."""
    file = tempfile.TemporaryFile(prefix="portal-download-")  # noqa: SIM115 - whoever sends it closes it
    write_csv(file, heading, rows)
    file.seek(0)
    return file
