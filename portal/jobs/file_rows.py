"""Reads the rows of a job's file, by the columns that are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from portal.jobs.files import on_disk
from portal.jobs.models import Job
from portal.lib.tabular import FileFormat, Limits, RowError, TableReader, read_rows


def limits() -> Limits:
    """Return how large a file may be."""
    return Limits(max_rows=settings.PORTAL_MAX_ROWS, max_bytes=settings.PORTAL_MAX_FILE_MB * 1_000_000)


def open_file(job: Job, path: Path, on_row_error: Callable[[RowError], None]) -> TableReader:
    """Open the file of a job as it is said to be read."""
    return read_rows(path, FileFormat.from_dict(job.file_format or {}), limits=limits(), on_row_error=on_row_error)


def used_columns(job: Job) -> list[tuple[int, str]]:
    """Return the columns of the file that are sent: place from 0, and name."""
    return [(position, name) for position, name in enumerate(job.columns) if name]


def cells_in_file(job: Job, numbers: set[int]) -> dict[int, dict[str, str]]:
    """Return the cells of some rows of a job's file, which are not kept where there is nothing to say of them."""
    found: dict[int, dict[str, str]] = {}
    if not numbers or job.file_format is None or not job.file_bytes:
        return found
    used, last = used_columns(job), max(numbers)
    with on_disk(job.network_id, job.id) as path, open_file(job, path, lambda error: None) as table:
        for number, cells in table:
            if number in numbers:
                found[number] = {name: cells[position] for position, name in used}
            if number >= last:
                break
    return found


@contextmanager
def all_cells(job: Job) -> Iterator[Callable[[int], dict[str, str]]]:
    """Read a job's file once, in its order: give the cells of a row whose number is asked for in rising order."""
    if job.file_format is None or not job.file_bytes:
        yield lambda number: {}
        return
    used = used_columns(job)
    with on_disk(job.network_id, job.id) as path, open_file(job, path, lambda error: None) as table:
        rows = iter(table)
        at: list[tuple[int, Sequence[str]]] = []

        def cells_of(number: int) -> dict[str, str]:
            while not at or at[0][0] < number:
                following = next(rows, None)
                if following is None:
                    return {}
                at[:] = [following]
            found, cells = at[0]
            return {name: cells[position] for position, name in used} if found == number else {}

        yield cells_of
