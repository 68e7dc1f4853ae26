"""The process that opens XLSX files, which anyone may have made: it bounds itself, and knows nothing of the portal.

Started as a script, `python -I xlsx_worker.py`, so that it imports neither the portal nor a setting or secret of it.
Its one argument is JSON: `path`, `limits`, and for the rows `sheet`, `decimal`, and `rows_to`, an open file descriptor.
Rows are JSON lines: `[row, cells, columns of typed numbers]`, or `[row, {"column", "value"}]` for an error cell. On
standard output it answers `{"sheets": […]}` or `{"error": code, "params": {…}}`, codes as in errors.py.
"""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

RATIO_COUNTS_FROM = 10_000_000  # bytes unpacked; small parts pack to almost nothing, and do no harm
OUTPUT_BYTES = 1_000_000_000
CHUNK = 1 << 20
LONGEST_ERROR = 20  # characters; #GETTING_DATA is the longest that exists
KINDS = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
WORKBOOK = "xl/workbook.xml"
ERROR_TYPE = re.compile(rb"t\s*=\s*[\"']e[\"']")
CELL_NAME = re.compile(r"([A-Z]{1,3})([0-9]+)")


class Refused(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def bound(limits: dict[str, int]) -> None:
    """Give up memory, time and disk beyond what a workbook may take; past them this process dies, and nobody else."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits["xlsx_seconds"], limits["xlsx_seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # which cannot bound the address space
        resource.setrlimit(resource.RLIMIT_AS, (limits["xlsx_memory"], limits["xlsx_memory"]))


def check_archive(path: str, limits: dict[str, int]) -> None:
    """Refuse what is no workbook, and bombs, by the archive's directory: nothing is unpacked yet."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if WORKBOOK not in names:
        raise Refused("NotATable", what=next((what for name, what in KINDS.items() if name in names), "zip"))
    if len(entries) > limits["xlsx_entries"] or len(names) < len(entries):
        raise Refused("SuspiciousArchive")
    if sum(entry.file_size for entry in entries) > limits["xlsx_unpacked"]:
        raise Refused("UnpackedTooLarge", limit=limits["xlsx_unpacked"] // 1_000_000)
    for entry in entries:
        if entry.flag_bits & 1:
            raise Refused("LockedWorkbook")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Refused("SuspiciousArchive")
        if entry.file_size > max(RATIO_COUNTS_FROM, entry.compress_size * limits["xlsx_ratio"]):
            raise Refused("SuspiciousArchive")


def part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The part of the archive that holds the sheet."""
    links = {
        link.get("Id"): link.get("Target", "")
        for link in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - this process is bounded
    }
    for element in ElementTree.fromstring(archive.read(WORKBOOK)).iter():  # noqa: S314 - this process is bounded
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            target = next((links.get(value, "") for key, value in element.items() if key.endswith("}id")), "")
            part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
            return part if part in archive.namelist() else None
    return None


def column_of(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


class ErrorCells:
    """Collects the first error cell of each row: the reader of the workbook shows such cells as empty."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, str]] = {}
        self.row, self.column = 0, -1
        self.is_error = self.in_value = False
        self.value = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = -1
        elif tag == "c":
            name = CELL_NAME.fullmatch(attributes.get("r", ""))
            self.column = column_of(name[1]) if name else self.column + 1
            self.row = int(name[2]) if name else self.row
            self.is_error = attributes.get("t") == "e"
            self.value = ""
        self.in_value = tag == "v" and self.is_error

    def text(self, text: str) -> None:
        if self.in_value and len(self.value) < LONGEST_ERROR:
            self.value += text

    def end(self, tag: str) -> None:
        self.in_value = False
        if self.is_error and tag.rpartition(":")[2] == "c":
            self.found.setdefault(self.row, (self.column, self.value[:LONGEST_ERROR]))
            self.is_error = False


def refuse_entities(*_declaration: object) -> None:
    """No spreadsheet program declares entities; those who want to blow a parser up do."""
    raise Refused("SuspiciousArchive")


def error_cells(path: str, sheet: str) -> dict[int, tuple[int, str]]:
    """For each row with an error such as #REF! in a cell, the column (from 0) and the error."""
    with zipfile.ZipFile(path) as archive:
        part = part_of(archive, sheet)
        if part is None or not has_error_cells(archive, part):
            return {}
        cells = ErrorCells()
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
        parser.CharacterDataHandler = cells.text
        parser.EntityDeclHandler = refuse_entities
        with archive.open(part) as stream:
            parser.ParseFile(stream)
    return cells.found


def has_error_cells(archive: zipfile.ZipFile, part: str) -> bool:
    """Look at the bytes first: nearly all sheets have none, and parsing every cell in Python would double the time."""
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            if ERROR_TYPE.search(rest + chunk):
                return True
            rest = chunk[-16:]
    return False


def text_of(value: Any, decimal: str) -> str:
    """The cell as a person would type it: whole numbers without a fraction, days and times by ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # Fifteen digits, as a spreadsheet shows: 0.1 + 0.2 is stored as 0.30000000000000004.
        return f"{Decimal(f'{value:.15g}'):f}".replace(".", decimal)
    if isinstance(value, datetime):  # stored as a fraction of days, so off by microseconds
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def rows_of(sheet: Any, errors: dict[int, tuple[int, str]], decimal: str) -> Iterator[list[Any]]:
    """The rows with something in them, as they are handed over."""
    left = [""] * (sheet.start[1] if sheet.start else 0)  # empty columns in front are left out by the reader
    for row, values in enumerate(sheet.iter_rows(), 1):
        if row in errors:
            column, value = errors[row]
            yield [row, {"column": column, "value": value}]
            continue
        cells = left + [text_of(value, decimal) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if any(map(str.strip, cells)):
            numeric = [
                index
                for index, value in enumerate(values, len(left))
                if isinstance(value, int | float) and not isinstance(value, bool)
            ]
            yield [row, cells, numeric]


def work(task: dict[str, Any]) -> dict[str, Any]:
    limits = task["limits"]
    bound(limits)
    check_archive(task["path"], limits)
    import python_calamine as calamine  # noqa: PLC0415 - within the bounds

    try:
        workbook = calamine.CalamineWorkbook.from_path(task["path"])
    except calamine.PasswordError:
        raise Refused("LockedWorkbook") from None
    tables = [sheet for sheet in workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in tables if sheet.visible == calamine.SheetVisibleEnum.Visible]
    names = [sheet.name for sheet in tables]
    if "rows_to" in task:
        sheet = task["sheet"]
        if sheet not in names:
            raise Refused("UnknownSheet", sheet=sheet)
        errors = error_cells(task["path"], sheet)
        with os.fdopen(task["rows_to"], "w", encoding="utf-8") as rows_to:
            rows = rows_of(workbook.get_sheet_by_name(sheet), errors, task["decimal"])
            for count, row in enumerate(rows):
                if count > limits["max_rows"] + 1:  # the heading, and one too many for the other side to see
                    break
                rows_to.write(json.dumps(row))
                rows_to.write("\n")
    return {"sheets": visible or names}


def main() -> None:
    try:
        answer = work(json.loads(sys.argv[1]))
    except Refused as refused:
        answer = {"error": refused.code, "params": refused.params}
    except BaseException as error:  # a panic of the Rust reader is no Exception
        heavy = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.EFBIG)
        answer = {
            "error": "WorkbookTooHeavy" if heavy else "DamagedWorkbook",
            "params": {"kind": type(error).__name__},
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
