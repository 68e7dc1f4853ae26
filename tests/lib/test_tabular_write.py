"""Writing: what was written is found and read as it was, calculates nothing in a spreadsheet, and takes no memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.lib.tabular import detect, read_rows, write_csv, write_xlsx
from portal.lib.tabular.errors import BadFormat, CellTooLongToWrite, TooManyRowsToWrite
from portal.lib.tabular.file_format import SHEET_ROWS
from portal.lib.tabular.formula_escape import escape, unescape

# Every text that a database holds (no NUL, no half characters), rich in what is special to files.
SPECIAL = st.sampled_from([*"\"',;|\t\r\n =+-@0157.é€＝_x#{<[", "sep=", "'=", "\r\n", "'-1"])
CELLS = st.lists(
    st.one_of(SPECIAL, st.characters(codec="utf-8", exclude_characters="\0")), max_size=8
).map("".join)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> tuple[list[str], list[list[str]]]:
    heading = draw(st.lists(cells.filter(str.strip), min_size=1, max_size=5))
    row = st.lists(cells, min_size=len(heading), max_size=len(heading)).filter(lambda row: any(map(str.strip, row)))
    return heading, draw(st.lists(row, max_size=6))


@settings(max_examples=400, deadline=None)
@given(table=tables(), delimiter=st.sampled_from(",;\t|"), escape_formulas=st.booleans())
def test_csv_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    delimiter: str,
    escape_formulas: bool,
) -> None:
    heading, rows = table
    path = tmp_path_factory.mktemp("csv") / "file.csv"
    with path.open("wb") as file:
        assert write_csv(file, heading, rows, delimiter=delimiter, escape_formulas=escape_formulas) == len(rows)
    found = detect(path)
    assert (found.encoding, found.quote) == ("utf-8-sig", '"')
    assert len(heading) == 1 or found.delimiter == delimiter
    with read_rows(path, found) as reader:
        assert reader.heading == heading
        assert list(reader) == list(enumerate(rows, 2))


def _in_sheets(text: str) -> bool:
    """XML has no such characters, and the format's own escapes for them (`_x005F_`) are read more than once."""
    return "_x" not in text and not any(unicodedata.category(c) in {"Cc", "Cn"} and c not in "\t\r\n" for c in text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables(CELLS.filter(_in_sheets)))
def test_xlsx_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[list[str], list[list[str]]]
) -> None:
    heading, rows = table
    path = tmp_path_factory.mktemp("xlsx") / "file.xlsx"
    assert write_xlsx(path, heading, rows) == len(rows)
    with read_rows(path, detect(path)) as reader:
        assert reader.heading == heading
        assert list(reader) == list(enumerate(rows, 2))
        assert reader.numeric_columns == {}


def test_formulas_are_escaped_for_spreadsheets_and_numbers_are_not() -> None:
    dangerous = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-1+cmd|' /C calc'!A0", "+1+1", "-"]
    for cell in dangerous:
        assert escape(cell, formulas=True) == f"'{cell}"
        assert escape(cell, formulas=False) == cell
    for cell in ("-26", "+33 1 23 45", "-3,5", "'tis", "", "a=1", "'-26"):
        assert escape(cell, formulas=True) == cell
    for cell in ("'=1", "''=1"):  # so by themselves: reading takes one off, so one more is written
        assert escape(cell, formulas=False) == escape(cell, formulas=True) == f"'{cell}"


@given(cell=CELLS, formulas=st.booleans())
def test_unescaping_is_the_inverse(cell: str, formulas: bool) -> None:
    written = escape(cell, formulas=formulas)
    assert unescape(written) == cell
    if formulas:
        assert written[:1] not in {"=", "@", "\t", "\r", "\n"}


def test_csv_is_what_a_spreadsheet_opens() -> None:
    file = io.BytesIO()
    write_csv(file, ["ref", "qty"], [["007", "=1"]], delimiter=";")
    assert file.getvalue() == b'\xef\xbb\xbf"ref";"qty"\r\n"007";"\'=1"\r\n'
    with pytest.raises(BadFormat):
        write_csv(file, ["a"], [], delimiter=":")


def test_xlsx_keeps_text_and_shows_notes(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    write_xlsx(
        path, ["ref", "quantity"], [["007", "=1+1"]], notes={1: "A whole number"}, widths={0: 30}, sheet="Pièces"
    )
    book = openpyxl.load_workbook(path)
    page = book["Pièces"]
    assert page.freeze_panes == "A2"
    assert page.column_dimensions["A"].width == pytest.approx(30, abs=1)
    assert page["B1"].comment is not None and "A whole number" in page["B1"].comment.text
    assert [(cell.value, cell.data_type, cell.number_format) for cell in page[2]] == [
        ("007", "s", "@"),
        ("=1+1", "s", "@"),
    ]
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    # Whoever fills in a cell below gets text too.
    assert [page.column_dimensions[column].number_format for column in "AB"] == ["@", "@"]


def test_xlsx_limits_are_named_and_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    with pytest.raises(CellTooLongToWrite) as caught:
        write_xlsx(path, ["a", "b"], [["1", "x" * 32_767], ["1", "x" * 32_768]])
    assert (caught.value.row, caught.value.params["column"]) == (3, "B")
    assert not path.exists()


def test_more_rows_than_a_sheet_holds(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    rows: list[list[str]] = [[]]
    with pytest.raises(TooManyRowsToWrite):
        write_xlsx(path, ["a"], (rows[0] for _ in range(SHEET_ROWS)))
    assert not path.exists()
    assert write_xlsx(path, ["a"], (rows[0] for _ in range(SHEET_ROWS - 1))) == SHEET_ROWS - 1


def test_writing_takes_no_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with (tmp_path / "file.csv").open("wb") as file:
            write_csv(file, ["a", "b"], ([f"{n:08}", "x" * 50] for n in range(100_000)))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        write_xlsx(tmp_path / "file.xlsx", ["a", "b"], ([f"{n:08}", "x" * 50] for n in range(20_000)))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    with (tmp_path / "file.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 100_001
