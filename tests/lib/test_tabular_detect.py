"""Detection: every encoding, delimiter and line end, and everything that is no table."""

from __future__ import annotations

import io
import itertools
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from portal.lib.tabular import FileFormat, Limits, detect, read_rows
from portal.lib.tabular.errors import BadFormat, EmptyFile, NotATable, TooManyBytes

ENCODED = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252")
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
ROWS = [
    ["Référence", "Désignation", "Quantité", "Prix"],
    ["00417", "Clé à douille, côté gauche; 1|2\tpouce", "12", "3,50"],
    ["00418", "Kit d’étanchéité\r\npour la pompe à eau", "7", "12,25"],
    ["00419", "Œillet «20 €»", "1", "0,05"],
]


def csv_bytes(rows: list[list[str]], *, encoding: str, delimiter: str, line_end: str) -> bytes:
    lines = (delimiter.join('"' + c + '"' if set(c) & set(",;\t|\r\n") else c for c in row) for row in rows)
    return MARKS.get(encoding, b"") + "".join(line + line_end for line in lines).encode(encoding)


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("encoding", "delimiter", "line_end"), list(itertools.product(ENCODED, ",;\t|", ("\r\n", "\n", "\r")))
)
def test_finds_and_reads_every_combination(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    path = write(tmp_path, csv_bytes(ROWS, encoding=encoding, delimiter=delimiter, line_end=line_end))

    found = detect(path)

    # The quoted line break counts as one CR LF more, which a file of few rows must survive.
    assert (found.encoding, found.delimiter, found.line_end) == (encoding, delimiter, line_end)
    assert (found.decimal, found.decimal_seen, found.quote, found.kind) == (",", True, '"', "csv")
    with read_rows(path, found) as reader:
        assert reader.heading == ROWS[0]
        assert list(reader) == list(enumerate(ROWS[1:], 2))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac-roman", "Clé à côté, façade, élève, forêt"),
        ("cp850", "RÉFÉRENCE, Stück, Schlüssel für Tür, Übersicht"),
        ("cp1252", "RÉFÉRENCE, CÔTÉ, ÉTAT"),
        ("cp1252", "Größe 20 °C, ½ pouce, 12 €, «œuf»"),
    ],
)
def test_tells_mac_and_dos_where_windows_is_impossible(tmp_path: Path, encoding: str, text: str) -> None:
    rows = [["Nom", "Texte"]] + [[f"F{n}", text] for n in range(3)]
    found = detect(write(tmp_path, csv_bytes(rows, encoding=encoding, delimiter=";", line_end="\r\n")))
    assert found.encoding == encoding


def test_utf_16_without_mark_and_utf_8_with_a_damaged_character(tmp_path: Path) -> None:
    assert detect(write(tmp_path, "Référence;Nom\r\n1;é\r\n".encode("utf-16-le"))).encoding == "utf-16-le"
    assert detect(write(tmp_path, "é;è\r\n".encode() * 20 + b"\xe9;x\r\n")).encoding == "utf-8"
    assert detect(write(tmp_path, "a;\ufffd\r\n")).encoding == "utf-8"


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("ref;qty;price\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ("ref\n1,5\n2,5\n", ";"),  # one column: a delimiter that no cell holds
        ("a,b,c\n1\n2,3\n", ","),
        ("sep=|\r\na,b|c,d\r\n1|2\r\n", "|"),
        ('"a;b","c;d"\n"1;2","3"\n', ","),
        ("a\tb\n" + 'x "1,2,3,4"\ty\n' * 5, "\t"),
    ],
)
def test_delimiters_that_are_not_obvious(tmp_path: Path, content: str, delimiter: str) -> None:
    assert detect(write(tmp_path, content)).delimiter == delimiter


@pytest.mark.parametrize(
    ("cells", "delimiter", "decimal", "seen"),
    [
        (["3,5", "1.234,50"], ";", ",", True),
        (["3.5", "1,234.50"], ";", ".", True),
        (["1.234", "5"], ";", ",", False),  # thousands or thousandths: the semicolon suggests
        (["1.234", "5"], "\t", ".", False),
        (["3,5", "3.5"], "\t", ".", False),
        (["-0,05"], "|", ",", True),
    ],
)
def test_decimal_sign(tmp_path: Path, cells: list[str], delimiter: str, decimal: str, seen: bool) -> None:
    rows = [["a", "b"]] + [[cell, "x"] for cell in cells]
    found = detect(write(tmp_path, "".join(delimiter.join(row) + "\n" for row in rows)))
    assert (found.delimiter, found.decimal, found.decimal_seen) == (delimiter, decimal, seen)


def test_single_quotation_marks(tmp_path: Path) -> None:
    path = write(tmp_path, "'a','b'\n'1,5','l''eau'\n")
    found = detect(path)
    assert found.quote == "'"
    assert list(read_rows(path, found)) == [(2, ["1,5", "l'eau"])]


def test_what_is_given_holds_and_the_rest_follows(tmp_path: Path) -> None:
    path = write(tmp_path, "a;b\n1,5;x\n")
    assert detect(path, delimiter=",").delimiter == ","
    assert detect(path, encoding="cp850").encoding == "cp850"
    assert detect(path, quote="").quote == ""
    found = detect(path, decimal=".")
    assert (found.decimal, found.decimal_seen) == (".", True)
    for wrong in ({"encoding": "rot13"}, {"delimiter": ":"}, {"quote": "x"}, {"decimal": ";"}):
        with pytest.raises(BadFormat):
            detect(path, **wrong)


def test_format_survives_storing(tmp_path: Path) -> None:
    found = detect(write(tmp_path, "a;b\n"))
    assert FileFormat.from_dict(found.as_dict()) == found


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            # A date of its own would make the name of a test differ between the processes that collect it.
            archive.writestr(zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0)), "x" * 100)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 20, "jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0", "png"),
        (b"%PDF-1.7\n1 0 obj", "pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "ole"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (zipped("a.txt"), "zip"),
        (zipped("a.txt")[:60], "zip"),
        (zipped("word/document.xml"), "docx"),
        (zipped("content.xml"), "ods"),
        (zipped("xl/workbook.bin"), "xlsb"),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE HTML><title>x", "html"),
        (b"<table><tr><td>a,b</td></tr></table>", "html"),
        (b'<?xml version="1.0"?><Workbook>', "xml"),
        (b'[{"a": 1}]', "json"),
        (b'{"a": 1}', "json"),
        (bytes(range(256)) * 8, "binary"),
        (b"\x7fELF\2\1\1" + bytes(200) + b"\x03\0>\0", "binary"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(NotATable) as caught:
        detect(write(tmp_path, content))
    assert caught.value.params == {"what": what}
    assert "CSV or XLSX" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\r\n", b"\xff\xfe", b"\xff\xfe\r\0\n\0"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(EmptyFile):
        detect(write(tmp_path, content))


def test_too_many_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, b"a;b\n" * 10)
    with pytest.raises(TooManyBytes):
        detect(path, limits=Limits(max_bytes=39))
    with pytest.raises(TooManyBytes):
        read_rows(path, FileFormat(kind="csv", delimiter=";"), limits=Limits(max_bytes=39))
    assert detect(path, limits=Limits(max_bytes=40)).delimiter == ";"


def test_reads_no_more_than_a_prefix(tmp_path: Path) -> None:
    path = write(tmp_path, b"a;b\n" + b"x;" * 20_000_000)
    tracemalloc.start()
    try:
        assert detect(path).delimiter == ";"
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
