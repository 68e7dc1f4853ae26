"""Cells as typed, of rows of which nothing was kept because there was nothing to say: they stand in the file alone.

To read a file takes seconds, of a workbook many. So it is read while no transaction is open: whoever needs cells says
so and gives up, they are read, and it is tried again with them in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from portal.jobs.file_rows import cells_in_file
from portal.jobs.models import Job
from portal.lib.scope import network_scope

Cells = dict[str, str]
Typed = Mapping[int, Cells | None]  # by row; None where the file has no such row
Result = TypeVar("Result")


class CellsNeeded(Exception):
    """Cells have to be read from the file of a job first."""

    def __init__(self, job: Job, numbers: set[int]) -> None:
        super().__init__(f"cells of {len(numbers)} rows")
        self.job, self.numbers = job, numbers


def cells_typed(job: Job, numbers: Collection[int], typed: Typed) -> dict[int, Cells]:
    """Return the cells of rows out of what was read. Raises CellsNeeded where some of them were not read so far."""
    if job.file_format is None or not job.file_bytes:
        return {}
    if needed := set(numbers) - set(typed):
        raise CellsNeeded(job, needed)
    return {number: cells for number in numbers if (cells := typed[number]) is not None}


def with_cells(job: Job, act: Callable[[Typed], Result]) -> Result:
    """Do something in the network's scope, with all cells that it needs. Call it outside of any transaction.

    Raises TabularError where the file cannot be read, and what `act` raises.
    """
    typed: dict[int, Cells | None] = {}
    while True:
        try:
            with network_scope(job.network_id):
                return act(typed)
        except CellsNeeded as needed:
            typed |= dict.fromkeys(needed.numbers) | cells_in_file(needed.job, needed.numbers)
