"""Where something stands in a person's own file: the cell as their spreadsheet names it, and the file's own heading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.file_rows import used_columns
from portal.jobs.models import Job
from portal.lib.tabular import cell_name


@dataclass(frozen=True, slots=True)
class Places:
    """The columns of a job: what its file calls them, and which of the file's columns they are."""

    headings: Mapping[str, str]  # by column; of a form, its labels
    positions: Mapping[str, int]  # in the file, from 0; a form has none
    columns: Mapping[tuple[str, ...], str]  # by the place of their value in an item
    file_name: str = ""

    def cell(self, column: str, row: int) -> str:
        """Return the cell as a spreadsheet names it, like F1043; empty where the value stands in no file."""
        position = self.positions.get(column)
        return "" if position is None else cell_name(position, row)

    def sentence(self, column: str, row: int, text: str, *, elsewhere: bool = False) -> str:
        """Return what is said of a value with its place in front; without a column it is said of the whole row.

        `elsewhere` is for another file than the person's own, in which rows lie otherwise: it names the file too.
        """
        if not column:
            return text
        place, cell = self.headings.get(column, column), self.cell(column, row)
        if cell and elsewhere:
            place = gettext("%(heading)s (%(cell)s in %(file)s)") % {
                "heading": place, "cell": cell, "file": self.file_name,
            }  # fmt: skip
        elif cell:
            place = f"{cell} ({place})"
        return gettext("%(place)s: %(text)s") % {"place": place, "text": text}

    def column_at(self, path: tuple[str, ...]) -> str:
        """Return the column of a place in an item, of a list's member the list's; empty where none is there."""
        ends = range(len(path), 0, -1)
        return next((self.columns[path[:end]] for end in ends if path[:end] in self.columns), "")


def places_of(job: Job) -> Places:
    """Return where the columns of a job stand in its file."""
    fields = OPERATIONS[job.operation].fields
    used = used_columns(job) if job.heading else []
    headings = {name: job.heading[position] or name for position, name in used}
    labels = {each.name: gettext(each.label) for each in fields}
    return Places(
        headings=headings or labels,
        positions={name: position for position, name in used},
        columns={each.path: each.name for each in fields if each.path},
        file_name=job.file_name,
    )
