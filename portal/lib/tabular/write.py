"""Writes CSV and XLSX row by row in constant memory, so that what was written reads back as it was."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import IO

import xlsxwriter

from portal.lib.tabular.cell_names import column_letters
from portal.lib.tabular.errors import BadFormat, CellTooLongToWrite, TabularError, TooManyRowsToWrite
from portal.lib.tabular.file_format import DELIMITERS, SHEET_ROWS
from portal.lib.tabular.formula_escape import escape

Cell = str | Decimal | int | datetime | None  # None = empty; a moment has a time zone, whose clock a sheet shows
MOMENT = "yyyy-mm-dd hh:mm:ss"
MOMENT_WIDTH = 20
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]|^'|'$")  # of sheets, by the file format
NAME_LENGTH = 31
SHEET_YEAR = 1900  # the first that a sheet can count from
SHEET_CELL = 32_767  # characters, by the file format
_WIDTHS = (10, 60)  # characters; what fits the heading, within these
_WIDTH_BESIDE_TEXT = 3


def write_csv(
    to: IO[bytes],
    heading: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    delimiter: str = ",",
    escape_formulas: bool = True,
) -> int:
    """Write UTF-8 with its mark, every cell in quotation marks; return the number of rows under the heading.

    `escape_formulas` keeps a spreadsheet from calculating what someone wrote into a cell: leave it on wherever cells
    come from others. Reading undoes it, so that either kind imports again as it was.
    """
    if delimiter not in DELIMITERS:
        raise BadFormat(field="delimiter", value=delimiter)
    text = TextIOWrapper(to, encoding="utf-8-sig", newline="")
    try:
        # Quotation marks around every cell leave no doubt about the delimiter, and keep cells of blanks.
        writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([escape(cell, formulas=escape_formulas) for cell in heading])
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - the number of the last
            writer.writerow([escape(cell_text(cell), formulas=escape_formulas) for cell in row])
        text.flush()
    finally:
        text.detach()  # the caller's file stays open
    return count


def write_xlsx(
    path: Path,
    heading: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    notes: Mapping[int, str] | None = None,
    widths: Mapping[int, float] | None = None,
    sheet: str = "Sheet1",
) -> int:
    """Write one sheet; text is written as text, so that leading zeros stay. Return the number of rows.

    `notes` are comments on headings and `widths` (in characters) of columns, both by column from 0. No cell can be a
    formula. Columns take text also where a person fills them in later.
    """
    try:
        count = 0
        with xlsxwriter.Workbook(path, {"constant_memory": True, "in_memory": False}) as workbook:
            page = workbook.add_worksheet(NOT_IN_NAMES.sub(" ", sheet)[:NAME_LENGTH].strip() or None)
            text = workbook.add_format({"num_format": "@"})
            moment = workbook.add_format({"num_format": MOMENT})
            of_moments: set[int] = set()
            bold = workbook.add_format({"num_format": "@", "bold": True, "bottom": 1})
            least, most = _WIDTHS
            for index, name in enumerate(heading):
                width = (widths or {}).get(index, min(max(len(name) + _WIDTH_BESIDE_TEXT, least), most))
                page.set_column(index, index, width, text)
            page.freeze_panes(1, 0)
            for index, name in enumerate(heading):
                _write_cell(page, 0, index, name, bold)
            for index, note in (notes or {}).items():
                page.write_comment(0, index, note, {"x_scale": 2, "y_scale": 1.5})
            for count, row in enumerate(rows, 1):
                if count >= SHEET_ROWS:
                    raise TooManyRowsToWrite(limit=SHEET_ROWS)
                for index, cell in enumerate(row):
                    if isinstance(cell, (int, Decimal)):
                        page.write_number(count, index, cell)
                    elif isinstance(cell, datetime) and cell.year >= SHEET_YEAR:
                        page.write_datetime(count, index, cell.replace(tzinfo=None, microsecond=0), moment)
                        of_moments.add(index)
                    elif cell:
                        _write_cell(page, count, index, cell_text(cell), text)
            for index in of_moments - set(widths or {}):
                page.set_column(index, index, max(MOMENT_WIDTH, len(heading[index]) + _WIDTH_BESIDE_TEXT), text)
        return count
    except TabularError:
        path.unlink(missing_ok=True)  # a part of the rows would look like all of them
        raise


def cell_text(cell: Cell) -> str:
    """Return a cell as text; figures without exponent or trailing zeros, with a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else str(cell)


def _write_cell(
    page: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: str, cell_format: xlsxwriter.format.Format
) -> None:
    cell = escape(cell, formulas=False)
    if len(cell) > SHEET_CELL:
        raise CellTooLongToWrite(row=row + 1, column=column_letters(column), limit=SHEET_CELL)
    page.write_string(row, column, cell, cell_format)
