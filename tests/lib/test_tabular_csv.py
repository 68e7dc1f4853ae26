"""Reading CSV: numbers of rows, limits, flat memory, and whatever is wrong in a row named with it."""

from __future__ import annotations

import csv
import pickle
import time
import tracemalloc
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.lib.tabular import FileFormat, Limits, RowError, TabularError, detect, error_of, read_rows
from portal.lib.tabular.cell_names import column_letters
from portal.lib.tabular.errors import (
    CellTooLong,
    EmptyFile,
    NulCharacter,
    RowTooLong,
    StrayQuote,
    TooManyCells,
    TooManyColumns,
    TooManyRows,
    UnclosedQuote,
    UndecodableBytes,
)

Read = tuple[list[tuple[int, list[str]]], list[RowError]]


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, *, limits: Limits | None = None, **chosen: str) -> Read:
    errors: list[RowError] = []
    with read_rows(path, FileFormat(kind="csv", **chosen), limits=limits, on_row_error=errors.append) as reader:
        return list(reader), errors


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,"x\ny\r\nz"\n\n,\n  ,\n2,\n3\n4,x,,\n,,,\n\n')
    with read_rows(path, detect(path)) as reader:
        assert (reader.heading_row, reader.heading) == (1, ["a", "b"])
        assert list(reader) == [(2, ["1", "x\ny\r\nz"]), (6, ["2", ""]), (7, ["3", ""]), (8, ["4", "x"])]
        assert reader.rows_read == 4


def test_heading_may_stand_lower_and_end_in_blanks(tmp_path: Path) -> None:
    path = write(tmp_path, "\n,,\na,,b, ,\n1,2,3,,\n")
    with read_rows(path, FileFormat(kind="csv")) as reader:
        assert (reader.heading_row, reader.heading) == (3, ["a", "", "b"])
        assert list(reader) == [(4, ["1", "2", "3"])]


def test_heading_only_and_nothing_at_all(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a,b")) == ([], [])
    for nothing in ("", "\n\n", ",,\n"):
        with pytest.raises(EmptyFile):
            read(write(tmp_path, nothing))


def test_leading_zeros_and_outer_blanks_stay(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a,b\n007, x \n"))[0] == [(2, ["007", " x "])]


def test_doubled_headings_are_reported(tmp_path: Path) -> None:
    with read_rows(write(tmp_path, "Ref,qty, ref ,,\n1,2,3,\n"), FileFormat(kind="csv")) as reader:
        assert reader.doubled_headings == {"Ref": [0, 2]}
        assert list(reader) == [(2, ["1", "2", "3"])]


def test_a_bad_row_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        b'a,b\n1,2,3\n4,x\0y\n"5" pipe,x\n6,\xe9\xe8\n7,' + b"z" * 101 + b'\n8,"' + b"z" * 140_000 + b'"\n9,good\n',
    )
    rows, errors = read(path, encoding="utf-8", limits=Limits(max_cell=100))

    assert rows == [(9 - 1, ["9", "good"])]
    assert [(type(error), error.row) for error in errors] == [
        (TooManyCells, 2),
        (NulCharacter, 3),
        (StrayQuote, 4),
        (UndecodableBytes, 5),
        (CellTooLong, 6),
        (CellTooLong, 7),
    ]
    assert errors[1].params["position"] == 4
    assert errors[3].params == {"row": 5, "position": 3, "byte": "0xE9", "encoding": "utf-8"}
    assert errors[4].params == {"row": 6, "column": "b", "column_index": 1, "limit": 100}
    assert errors[5].params["column"] == "b"
    for error in errors:
        assert str(error).startswith((f"Row {error.row}", f"B{error.row} (b)"))
        # What is stored or sent to another process comes back as it was.
        assert str(error_of(error.code, error.params)) == str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301


def test_without_a_taker_the_first_bad_row_ends_the_reading(tmp_path: Path) -> None:
    with (
        read_rows(write(tmp_path, "a,b\n1,2\n1,2,3\n4,5\n"), FileFormat(kind="csv")) as reader,
        pytest.raises(TooManyCells) as caught,
    ):
        list(reader)
    assert caught.value.row == 3


def test_quotes_that_nothing_closes(tmp_path: Path) -> None:
    for content, row in (('a,b\n1,2\n3,"x\n4,5\n', 3), ('a,b\n1,2\n3,"x\n4,5" y\n', 3), ('"a,b\n1,2\n', 1)):
        with pytest.raises(UnclosedQuote) as caught:
            read(write(tmp_path, content))
        assert caught.value.row == row
    # Far away, it must not swallow the rest of the file into memory.
    with pytest.raises((UnclosedQuote, RowTooLong)) as far:
        read(write(tmp_path, 'a,b\n3,"x\n' + "4,5\n" * 500_000))
    assert far.value.row == 2
    assert read(write(tmp_path, 'a,b\n3,"x\n'), quote="")[0] == [(2, ["3", '"x'])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_bytes_that_are_no_text_far_behind_the_prefix(tmp_path: Path, encoding: str) -> None:
    good = "a,b\n" + "1,é\n" * 300_000
    bad = b"\xff" if encoding == "utf-8" else "\udc00".encode(encoding, "surrogatepass")
    path = write(tmp_path, good.encode(encoding) + "2,x".encode(encoding) + bad + "\n3,y\n".encode(encoding))
    rows, errors = read(path, encoding=encoding, limits=Limits(max_rows=400_000))
    assert [(type(error), error.row, error.params["position"]) for error in errors] == [(UndecodableBytes, 300_002, 4)]
    assert rows[-1] == (300_003, ["3", "y"])


def test_a_file_cut_within_a_character(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16-le"):
        errors = read(write(tmp_path, "a,b\n1,é".encode(encoding)[:-1]), encoding=encoding)[1]
        assert [(error.code, error.row) for error in errors] == [("UndecodableBytes", 2)]


def test_limits_are_inclusive(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,2\n\n" * 5)
    assert len(read(path, limits=Limits(max_rows=5, max_columns=2))[0]) == 5
    with pytest.raises(TooManyRows):
        read(path, limits=Limits(max_rows=4))
    with pytest.raises(TooManyColumns):
        read(path, limits=Limits(max_columns=1))
    with pytest.raises(RowTooLong) as caught:
        read(write(tmp_path, "a,b\n" + "x" * 50), limits=Limits(max_row=49))
    assert caught.value.row == 2
    with pytest.raises(CellTooLong):
        read(write(tmp_path, "a," + "b" * 50), limits=Limits(max_cell=49))


def test_endless_blank_rows_end(tmp_path: Path) -> None:
    with pytest.raises(TooManyRows):
        read(write(tmp_path, "a,b\n" + "\n" * 1_100_000))


def test_limits_are_written_as_the_reader_of_the_message_does() -> None:
    assert "200,000 rows" in str(TooManyRows(limit=200_000))
    with translation.override("fr"):
        assert "200\N{NARROW NO-BREAK SPACE}000" in str(TooManyRows(limit=200_000)).replace("\xa0", "\u202f")


def test_column_letters() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@settings(deadline=None)  # writes files, on machines that do other work too
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from([b'"', b",", b";", b"\n", b"\r", b"\0", b"x", b"'", b"\xe9", b"\xc3\xa9", b"="])).map(
            b"".join
        ),
    )
)
def test_no_file_makes_any_other_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file.csv"
    path.write_bytes(content)
    try:
        found = detect(path)
        errors: list[RowError] = []
        with read_rows(path, found, on_row_error=errors.append) as reader:
            width = len(reader.heading)
            numbers = [reader.heading_row]
            for number, cells in reader:
                assert len(cells) == width
                numbers.append(number)
        assert numbers == sorted(set(numbers))
        assert reader.rows_read == len(numbers) - 1 + len(errors)
    except TabularError as error:
        problem = str(error)
        assert "%(" not in problem


def test_memory_stays_flat_and_reading_is_quick(tmp_path: Path) -> None:
    """200,000 rows of 6 cells, about 11 MB: a few MB at most, and some six times what the bare csv module takes."""
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("référence,désignation,quantité,prix,lieu,note\r\n")
        for number in range(200_000):
            file.write(f'{number:08},"Clé, taille {number}",{number % 97},{number % 50},M-{number % 9},été\r\n')
    tracemalloc.start()
    try:
        with read_rows(path, detect(path)) as reader:
            assert sum(1 for _ in reader) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()

    started = time.perf_counter()
    with path.open(encoding="utf-8", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 200_001
    bare = time.perf_counter() - started
    started = time.perf_counter()
    with read_rows(path, detect(path)) as reader:
        assert sum(1 for _ in reader) == 200_000
    ours = time.perf_counter() - started
    print(f"200,000 rows: {ours:.2f} s, the csv module alone {bare:.2f} s")
    assert ours < 20 * bare
