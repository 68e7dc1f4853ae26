"""Reading XLSX: typed cells as a person would type them, sheets, and archives made to do harm."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from portal.lib.tabular import FileFormat, Limits, NumericCells, RowError, detect, read_rows, write_xlsx, xlsx_source
from portal.lib.tabular.errors import (
    DamagedWorkbook,
    EmptyFile,
    EmptySheet,
    ErrorCell,
    LockedWorkbook,
    NotATable,
    SuspiciousArchive,
    TooManyColumns,
    TooManyRows,
    UnknownSheet,
    UnpackedTooLarge,
    WorkbookTooHeavy,
)

Rows = list[tuple[int, list[str]]]


def workbook(path: Path, *sheets: tuple[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> Path:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, rows in sheets:
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime.datetime):
                        page.write_datetime(number, column, cell, moment)
                    elif isinstance(cell, datetime.date):
                        page.write_datetime(number, column, cell, day)
                    elif isinstance(cell, tuple):
                        page.write_formula(number, column, cell[0], None, cell[1])
                    elif cell is not None:
                        page.write(number, column, cell)
            if name in hidden:
                page.hide()
        book.get_worksheet_by_name(next(name for name, _ in sheets if name not in hidden)).activate()
    return path


def read(path: Path, **chosen: Any) -> tuple[list[str], Rows, list[RowError], dict[int, NumericCells]]:
    errors: list[RowError] = []
    with read_rows(path, detect(path, **chosen), on_row_error=errors.append) as reader:
        rows = list(reader)
        return reader.heading, rows, errors, reader.numeric_columns


def test_typed_cells_are_what_a_person_would_type(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "t.xlsx",
        (
            "Stock",
            [
                ["ref", "qty", "when"],
                ["007", 12, datetime.date(2026, 5, 1)],
                [417, 0.1 + 0.2, datetime.datetime(2026, 5, 1, 10, 2, 3)],
                [],
                [True, 1e20, ("=A2", "007")],
                [-3.50, 1e-7, ("=B2*2", 24)],
            ],
        ),
    )
    heading, rows, errors, numeric = read(path)
    assert (heading, errors) == (["ref", "qty", "when"], [])
    assert rows == [
        (2, ["007", "12", "2026-05-01"]),
        (3, ["417", "0.3", "2026-05-01T10:02:03"]),
        (5, ["true", "100000000000000000000", "007"]),
        (6, ["-3.5", "0.0000001", "24"]),
    ]
    assert numeric == {
        0: NumericCells(2, [3, 6]),
        1: NumericCells(4, [2, 3, 5, 6]),
        2: NumericCells(1, [6]),
    }
    assert read(path, decimal=",")[1][1][1][1] == "0,3"


def test_empty_rows_and_columns_in_front_count(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", ("S", [[], [], [None, "a", "b"], [], [None, "1", "2", None, " "]]))
    with read_rows(path, detect(path)) as reader:
        assert (reader.heading_row, reader.heading) == (3, ["", "a", "b"])
        assert list(reader) == [(5, ["", "1", "2"])]


def test_error_cells_are_named_and_their_words_are_text(tmp_path: Path) -> None:
    rows = [["ref", "qty"], ["1", ("=1/0", "#DIV/0!")], ["2", "#REF!"], [("=X", "#REF!"), "x"], ["3", "4"]]
    _heading, found, errors, _numeric = read(workbook(tmp_path / "t.xlsx", ("S", rows)))
    assert found == [(3, ["2", "#REF!"]), (5, ["3", "4"])]
    assert [(type(error), error.row, error.params["column"], error.params["value"]) for error in errors] == [
        (ErrorCell, 2, "qty", "#DIV/0!"),
        (ErrorCell, 4, "ref", "#REF!"),
    ]
    with pytest.raises(ErrorCell) as caught:
        read(workbook(tmp_path / "h.xlsx", ("S", [["a", ("=X", "#NAME?")], ["1", "2"]])))
    assert (caught.value.row, caught.value.params["column"]) == (1, "B")


def test_workbooks_of_another_writer(tmp_path: Path) -> None:
    """Other paths inside the archive, and texts shared between cells."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (["ref", "qty"], ["007", 1], ["007", 2.5]):
        page.append(row)
    page["B3"].value, page["B3"].data_type = "#N/A", "e"
    book.save(tmp_path / "t.xlsx")
    heading, rows, errors, numeric = read(tmp_path / "t.xlsx")
    assert (heading, rows, numeric) == (["ref", "qty"], [(2, ["007", "1"])], {1: NumericCells(1, [2])})
    assert [error.params for error in errors] == [{"row": 3, "column": "qty", "column_index": 1, "value": "#N/A"}]


def test_the_first_visible_sheet_unless_another_is_chosen(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "t.xlsx", ("Old", [["x"]]), ("É & <1>", [["a"], ["1"]]), ("Two", [["b"], ["2"]]), hidden=("Old",)
    )
    found = detect(path)
    assert (found.kind, found.sheets, found.sheet) == ("xlsx", ("É & <1>", "Two"), "É & <1>")
    assert read(path)[:2] == (["a"], [(2, ["1"])])
    assert read(path, sheet="Two")[:2] == (["b"], [(2, ["2"])])
    with pytest.raises(UnknownSheet):
        detect(path, sheet="Three")
    with pytest.raises(UnknownSheet):
        read_rows(path, FileFormat(kind="xlsx", sheet="Three"))
    assert FileFormat.from_dict(found.as_dict()) == found


def test_an_empty_sheet_and_limits(tmp_path: Path) -> None:
    with pytest.raises(EmptySheet):
        read(workbook(tmp_path / "e.xlsx", ("S", [])))
    path = workbook(tmp_path / "t.xlsx", ("S", [["a", "b"]] + [["1", "2"], []] * 5))
    found = detect(path)
    with read_rows(path, found, limits=Limits(max_rows=5, max_columns=2)) as reader:
        assert len(list(reader)) == 5
    with read_rows(path, found, limits=Limits(max_rows=4)) as reader, pytest.raises(TooManyRows):
        list(reader)
    with pytest.raises(TooManyColumns):
        read_rows(path, found, limits=Limits(max_columns=1))


def test_truncated_files_are_named(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "t.xlsx", ("S", [["a", "b"], ["1", "2"]])).read_bytes()
    path = tmp_path / "cut.xlsx"
    for length in (60, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises((DamagedWorkbook, NotATable)):
            detect(path)
        with pytest.raises((DamagedWorkbook, NotATable)):
            read_rows(path, FileFormat(kind="xlsx", sheet="S"))
    path.write_bytes(b"")
    with pytest.raises(EmptyFile):
        detect(path)


def rebuilt(source: Path, to: Path, changed: dict[str, bytes]) -> Path:
    """The workbook with other contents in some of its parts."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name, old.read(name)))
        for name in changed.keys() - set(old.namelist()):
            new.writestr(name, changed[name])
    return to


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return workbook(tmp_path / "plain.xlsx", ("S", [["a", "b"], ["1", "2"]]))


SHEET = "xl/worksheets/sheet1.xml"


def test_bombs_are_refused_by_the_directory(tmp_path: Path, plain: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with pytest.raises(SuspiciousArchive):
        detect(rebuilt(plain, path, {SHEET: bytes(60_000_000)}))
    with pytest.raises(UnpackedTooLarge):
        detect(path, limits=Limits(xlsx_unpacked=59_000_000))
    with pytest.raises(SuspiciousArchive):
        detect(rebuilt(plain, path, {f"x{n}": b"" for n in range(2_001)}))


def test_a_directory_that_lies_is_caught_by_the_bounds(tmp_path: Path, plain: Path) -> None:
    """The sheet says it is small, and unpacks to much more."""
    path = rebuilt(plain, tmp_path / "bomb.xlsx", {SHEET: b"<worksheet><sheetData>" + b" " * 300_000_000})
    content = path.read_bytes()
    path.write_bytes(content.replace((22 + 300_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    with pytest.raises((DamagedWorkbook, WorkbookTooHeavy)):
        read_rows(path, FileFormat(kind="xlsx", sheet="S"))


def test_a_sheet_of_two_far_corners_meets_the_bound_of_memory(tmp_path: Path, plain: Path) -> None:
    """Few bytes, but 17 billion cells between them."""
    far = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    far += b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = rebuilt(plain, tmp_path / "far.xlsx", {SHEET: far + b"</sheetData></worksheet>"})
    with pytest.raises(WorkbookTooHeavy):
        read_rows(path, detect(path))


def test_entities_that_multiply_do_no_harm(tmp_path: Path, plain: Path) -> None:
    entities = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 60}">' for n in range(8))
    cell = '<worksheet><sheetData><row r="1"><c r="A1" t="e"><v>&i;</v></c></row></sheetData></worksheet>'
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>{cell}'
    path = rebuilt(plain, tmp_path / "laughs.xlsx", {SHEET: laughs.encode()})
    with pytest.raises(SuspiciousArchive):
        read_rows(path, FileFormat(kind="xlsx", sheet="S"), limits=Limits(xlsx_seconds=10))


def test_cells_that_all_hold_one_long_text_meet_a_bound(tmp_path: Path, plain: Path) -> None:
    """A text of 32,000 characters once in the file, in 200,000 cells: 6 GB."""
    shared = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1"><si><t>%s</t></si></sst>'
    )
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 200_001))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    path = rebuilt(
        plain, tmp_path / "long.xlsx", {"xl/sharedStrings.xml": shared % (b"x" * 32_000), SHEET: sheet % cells}
    )
    with pytest.raises(WorkbookTooHeavy):
        read_rows(path, detect(path))


@pytest.mark.parametrize(
    ("returncode", "error"),
    [(-signal.SIGKILL, WorkbookTooHeavy), (-signal.SIGXCPU, WorkbookTooHeavy), (-signal.SIGSEGV, DamagedWorkbook)],
)
def test_a_killed_reader_is_named(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returncode: int, error: type[Exception]
) -> None:
    killer = tmp_path / "killer.py"
    killer.write_text(f"import os; os.kill(os.getpid(), {-returncode})")
    monkeypatch.setattr(xlsx_source, "WORKER", killer)
    with pytest.raises(error):
        read_rows(plain, FileFormat(kind="xlsx", sheet="S"))


def test_a_reader_that_hangs_is_ended(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(xlsx_source, "WORKER", sleeper)
    with pytest.raises(WorkbookTooHeavy):
        read_rows(plain, FileFormat(kind="xlsx", sheet="S"), limits=Limits(xlsx_seconds=1))


def test_an_encrypted_archive_is_named(plain: Path, tmp_path: Path) -> None:
    content = bytearray(plain.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    path = tmp_path / "locked.xlsx"
    path.write_bytes(content)
    with pytest.raises(LockedWorkbook):
        detect(path)


def test_the_reader_gets_no_secret_and_leaves_no_file(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SEALING_KEYS", "never-for-others")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    environments: list[dict[str, str]] = []
    run = subprocess.run

    def spy(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        environments.append(options["env"])
        return run(*args, **options)

    monkeypatch.setattr(subprocess, "run", spy)
    with read_rows(plain, detect(plain)) as reader:
        assert os.listdir(folder) == []  # nameless from the start, so that nothing stays after a crash
        assert list(reader) == [(2, ["1", "2"])]
    assert len(environments) == 2
    assert all("PORTAL_SEALING_KEYS" not in environment for environment in environments)


def test_many_alike_rows_are_no_bomb_and_memory_stays_flat_here(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    write_xlsx(path, [f"column {n}" for n in range(10)], ([f"{n:08}", *("same",) * 9] for n in range(60_000)))
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo(SHEET)
        assert sheet.file_size > 20_000_000
        assert sheet.file_size / sheet.compress_size < Limits().xlsx_ratio / 2
    tracemalloc.start()
    try:
        with read_rows(path, detect(path)) as reader:
            assert sum(1 for _ in reader) == 60_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_the_most_rows_that_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    write_xlsx(path, ["ref", "qty"], ([f"{n:08}", "0"] for n in range(200_000)))
    with read_rows(path, detect(path)) as reader:
        assert sum(1 for _ in reader) == 200_000
