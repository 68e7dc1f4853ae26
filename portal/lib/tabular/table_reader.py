"""What every kind of file is read through: a heading, numbered rows of cells, limits, and errors that name the row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from portal.lib.tabular.cell_names import column_letters
from portal.lib.tabular.errors import (
    CellTooLong,
    EmptyFile,
    RowError,
    TooManyCells,
    TooManyColumns,
    TooManyRows,
)
from portal.lib.tabular.file_format import SHEET_ROWS, FileFormat, Limits
from portal.lib.tabular.formula_escape import unescape

# Number of the row, its cells or what is wrong with it, and which of them (from 0) were typed as numbers.
RawRow = tuple[int, list[str] | RowError, Sequence[int]]
RawRows = Generator[RawRow, None, None]
OnRowError = Callable[[RowError], None]
_ROWS_KEPT_PER_COLUMN = 1_000


@dataclass(slots=True)
class NumericCells:
    """The cells of one column that the sheet holds as numbers: their leading zeros, if they had any, are gone."""

    count: int = 0
    rows: list[int] = field(default_factory=list)  # the first thousand


def _is_blank(cells: list[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in cells)


class TableReader:
    """The rows under the heading, read while one iterates (once): `(row number, cells)`, as many cells as headings.

    Rows are numbered as a spreadsheet shows them; blank ones count and are left out. A row that cannot be read
    raises its RowError or, with `on_row_error`, is handed to that and left out. Other errors end the reading.
    """

    def __init__(
        self, rows: RawRows, *, file_format: FileFormat, limits: Limits, on_row_error: OnRowError | None
    ) -> None:
        self.format = file_format
        self.limits = limits
        self.rows_read = 0  # so far, with something in them, good or not
        self.numeric_columns: dict[int, NumericCells] = {}  # by column from 0, so far
        self._rows = rows
        self._on_row_error = on_row_error
        self.heading_row, self.heading = self._read_heading()

    @property
    def doubled_headings(self) -> dict[str, list[int]]:
        """The columns (from 0) of each heading that stands over several, apart from case and outer blanks."""
        columns: dict[str, list[int]] = {}
        for index, heading in enumerate(self.heading):
            columns.setdefault(heading.strip().casefold(), []).append(index)
        return {self.heading[found[0]]: found for key, found in columns.items() if key and len(found) > 1}

    def _read_heading(self) -> tuple[int, list[str]]:
        for row, cells, _numeric in self._rows:
            if isinstance(cells, RowError):
                raise self._name_column(cells, [])
            if not _is_blank(cells):
                # Blank cells at the end of the heading are no columns.
                last = max(index for index, cell in enumerate(cells) if cell.strip())
                heading = [unescape(cell) for cell in cells[: last + 1]]
                if len(heading) > self.limits.max_columns:
                    raise TooManyColumns(columns=len(heading), limit=self.limits.max_columns)
                self._check_lengths(row, heading, heading)
                return row, heading
            if row > SHEET_ROWS:
                break
        raise EmptyFile

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for row, found, numeric in self._rows:
            if row > SHEET_ROWS:
                raise TooManyRows(limit=self.limits.max_rows)
            if not isinstance(found, RowError) and _is_blank(found):
                continue
            self.rows_read += 1
            if self.rows_read > self.limits.max_rows:
                raise TooManyRows(limit=self.limits.max_rows)
            try:
                cells = self._cells_of(row, found)
            except RowError as error:
                if self._on_row_error is None:
                    raise
                self._on_row_error(error)
                continue
            for index in numeric:
                self._note_number(index, row)
            yield row, cells

    def _cells_of(self, row: int, cells: list[str] | RowError) -> list[str]:
        """The cells of the row under the headings: unescaped, padded, without blank ones behind the last heading."""
        if isinstance(cells, RowError):
            raise self._name_column(cells, self.heading)
        width = len(self.heading)
        if len(cells) > width:
            if not _is_blank(cells[width:]):
                raise TooManyCells(row=row, cells=len(cells), headings=width)
            cells = cells[:width]
        cells = [unescape(cell) if cell[:1] == "'" else cell for cell in cells]
        self._check_lengths(row, cells, self.heading)
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        return cells

    def _check_lengths(self, row: int, cells: list[str], heading: list[str]) -> None:
        limit = self.limits.max_cell
        if max(map(len, cells), default=0) <= limit:
            return
        for index, cell in enumerate(cells):
            if len(cell) > limit:
                raise self._name_column(CellTooLong(row=row, column=index, limit=limit), heading)

    def _name_column(self, error: RowError, heading: list[str]) -> RowError:
        """The error with its column by the file's own heading, else as a spreadsheet names it."""
        index = error.params.get("column")
        if isinstance(index, int):
            name = heading[index].strip() if index < len(heading) else ""
            usable = name and len(name) <= self.limits.max_cell
            error.params.update(column=name if usable else column_letters(index), column_index=index)
        return error

    def _note_number(self, index: int, row: int) -> None:
        if index < len(self.heading):
            cells = self.numeric_columns.setdefault(index, NumericCells())
            cells.count += 1
            if len(cells.rows) < _ROWS_KEPT_PER_COLUMN:
                cells.rows.append(row)

    def close(self) -> None:
        """Let go of the file; also done at the end of the rows."""
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
