"""Reads the rows of a CSV file one at a time, and turns whatever is wrong in a row into an error that names the row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from portal.lib.tabular.errors import (
    CellTooLong,
    NulCharacter,
    RowError,
    RowTooLong,
    StrayQuote,
    TabularError,
    UnclosedQuote,
    UndecodableBytes,
)
from portal.lib.tabular.file_format import FileFormat, Limits
from portal.lib.tabular.table_reader import RawRows

BYTE_ORDER_MARK = "\ufeff"
# Excel's own line in front of the heading; a spreadsheet shows it as no row.
SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)", re.IGNORECASE)
# No decoder makes a lone surrogate of good bytes, so one can stand for each bad byte until its row is known.
_BAD_BYTE = re.compile("[\udc00-\udcff]")
_BAD_BYTE_BASE = 0xDC00
_MARK_BAD_BYTES = "tabular-mark-bad-bytes"


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(_BAD_BYTE_BASE + error.object[error.start]), error.end


codecs.register_error(_MARK_BAD_BYTES, _mark_bad_bytes)


class _Lines:
    """The lines of a file for the csv module, watched for what no text holds."""

    def __init__(self, text: io.TextIOWrapper, *, encoding: str, limits: Limits) -> None:
        self.text = text
        self.encoding = encoding
        self.max_row = limits.max_row
        self.start_row(1)
        self.line = self._first_line()
        self.waiting = bool(self.line)

    def start_row(self, row: int) -> None:
        self.row = row
        self.length = self.lines = 0
        self.problem: RowError | None = None

    def _first_line(self) -> str:
        line = self.text.readline(self.max_row + 1).removeprefix(BYTE_ORDER_MARK)
        return self.text.readline(self.max_row + 1) if SEPARATOR_LINE.fullmatch(line) else line

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.line if self.waiting else self.text.readline(self.max_row + 1)
        self.waiting = False
        if not line:
            raise StopIteration
        self.line = line
        self.lines += 1
        self.length += len(line)
        if self.length > self.max_row:
            raise RowTooLong(row=self.row, limit=self.max_row)
        if self.problem is None:
            self.problem = self._problem_of(line)
        return line

    def _problem_of(self, line: str) -> RowError | None:
        if "\0" in line:
            return NulCharacter(row=self.row, position=line.index("\0") + 1)
        if not line.isascii() and (bad := _BAD_BYTE.search(line)):
            return UndecodableBytes(
                row=self.row,
                position=bad.start() + 1,
                byte=f"0x{ord(bad.group()) - _BAD_BYTE_BASE:02X}",
                encoding=self.encoding,
            )
        return None


def csv_rows(path: Path, file_format: FileFormat, *, limits: Limits) -> RawRows:
    """Yield the rows, each with its number; in place of the cells the error of a row that cannot be read."""
    with path.open(encoding=file_format.encoding, errors=_MARK_BAD_BYTES, newline="") as text:
        yield from _rows_of(text, file_format, limits=limits)


def _rows_of(text: io.TextIOWrapper, file_format: FileFormat, *, limits: Limits) -> RawRows:
    lines = _Lines(text, encoding=file_format.encoding, limits=limits)
    reader = csv.reader(
        lines,
        delimiter=file_format.delimiter,
        quotechar=file_format.quote or None,
        quoting=csv.QUOTE_MINIMAL if file_format.quote else csv.QUOTE_NONE,
        strict=True,
    )
    row = 0
    while True:
        row += 1
        lines.start_row(row)
        try:
            cells: list[str] | RowError = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = lines.problem or _row_error(error, lines, file_format, limits=limits)
        if lines.problem is not None:
            cells = lines.problem
        yield row, cells, ()


def _row_error(error: csv.Error, lines: _Lines, file_format: FileFormat, *, limits: Limits) -> RowError:
    """What the csv module means; raised at once where nothing behind the row can be made out."""
    unclosed: TabularError = UnclosedQuote(row=lines.row, quote=file_format.quote)
    reason = str(error)
    if reason.startswith("unexpected end of data"):
        raise unclosed from error
    if reason.startswith("field larger than"):
        # The csv module's own limit, far above any cell's. Over several lines, it is no cell.
        if lines.lines > 1:
            raise unclosed from error
        lengths = [len(cell) for cell in lines.line.split(file_format.delimiter)]
        return CellTooLong(row=lines.row, column=lengths.index(max(lengths)), limit=limits.max_cell)
    if lines.lines > 1:
        # A cell over several lines that ends wrongly: the quotation mark that opened it may be the stray one, so
        # that the numbers of the rows behind it would be a guess.
        raise unclosed from error
    return StrayQuote(row=lines.row, quote=file_format.quote)
