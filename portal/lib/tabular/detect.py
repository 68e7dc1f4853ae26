"""Finds out what a file of rows is written in, from its beginning, or says what the file is instead of a table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from portal.lib.tabular.csv_source import BYTE_ORDER_MARK, SEPARATOR_LINE
from portal.lib.tabular.errors import BadFormat, DamagedWorkbook, EmptyFile, NotATable, TooManyBytes, UnknownSheet
from portal.lib.tabular.file_format import DELIMITERS, ENCODINGS, LINE_ENDS, MEGABYTE, QUOTES, FileFormat, Limits
from portal.lib.tabular.signatures import is_binary, is_zip, what_begins_so, what_text_is
from portal.lib.tabular.xlsx_source import sheets_of

PREFIX_BYTES = 1 << 20  # for the encoding
SAMPLE_CHARACTERS = 1 << 16  # for everything else
SAMPLE_ROWS = 300
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Windows-1252 unless that is impossible: guesses between code pages take "CÔTÉ" for Mac Roman. Text of the Mac and of
# DOS soon holds one of these bytes (è, ê, ç; ü, É).
_NOT_IN_CP1252 = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_OTHER_CODE_PAGES = {"mac_roman": "mac-roman", "cp850": "cp850"}
_DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[. \u00a0\u202f][0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})")
_DECIMAL_POINT = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[, \u00a0\u202f'][0-9]{3})+)\.(?:[0-9]{1,2}|[0-9]{4,})")


@dataclass(frozen=True, slots=True)
class _Sample:
    text: str
    is_cut: bool
    separator: str  # what Excel's own first line says, if it is there


def detect(
    path: Path,
    *,
    limits: Limits | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> FileFormat:
    """What the file is written in; fields that are given hold, and the others are found in their light.

    Raises NotATable, EmptyFile, TooManyBytes, BadFormat and, for XLSX, what reading it raises.
    """
    limits = limits or Limits()
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise TooManyBytes(limit=limits.max_bytes // MEGABYTE)
    with path.open("rb") as file:
        prefix = file.read(PREFIX_BYTES)
    if not prefix.strip():
        raise EmptyFile
    if is_zip(prefix):
        return _detect_xlsx(path, prefix, limits=limits, decimal=decimal, sheet=sheet)
    if what := what_begins_so(prefix):
        raise NotATable(what=what)
    for field, value, offered in (("encoding", encoding, ENCODINGS), ("delimiter", delimiter, DELIMITERS),
                                  ("quote", quote, QUOTES)):  # fmt: skip
        if value is not None and value not in offered:
            raise BadFormat(field=field, value=value)
    encoding = encoding or _encoding_of(prefix)
    sample = _sample_of(prefix, encoding=encoding, is_cut=size > len(prefix))
    if not sample.text.strip():
        raise EmptyFile
    if what := what_text_is(sample.text):
        raise NotATable(what=what)
    if not prefix.startswith(tuple(mark for mark, _ in _MARKS)) and is_binary(sample.text):
        raise NotATable(what="binary")
    if sample.separator in DELIMITERS:
        delimiter = delimiter or sample.separator
    delimiter = delimiter or _delimiter_of(sample, quote='"' if quote is None else quote)
    if quote is None:
        quote = _quote_of(sample, delimiter=delimiter)
    seen = _decimal_of(cell for row in _rows_of(sample, delimiter=delimiter, quote=quote)[0][1:] for cell in row)
    return FileFormat(
        kind="csv",
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        decimal=decimal or seen or ("," if delimiter == ";" else "."),  # with the semicolon, the comma was taken
        decimal_seen=seen is not None or decimal is not None,
        line_end=_line_end_of(sample.text),
    )


def _detect_xlsx(path: Path, prefix: bytes, *, limits: Limits, decimal: str | None, sheet: str | None) -> FileFormat:
    try:
        sheets = sheets_of(path, limits=limits)
    except DamagedWorkbook as error:
        if b"xl/" in prefix or b"[Content_Types].xml" in prefix:
            raise
        raise NotATable(what="zip") from error
    if sheet is None and not sheets:
        raise EmptyFile
    if sheet is not None and sheet not in sheets:
        raise UnknownSheet(sheet=sheet)
    # Numbers of a sheet have no comma or point of their own: they are written out with the one chosen.
    return FileFormat(kind="xlsx", sheets=sheets, sheet=sheet or sheets[0], decimal=decimal or ".")


def _encoding_of(prefix: bytes) -> str:
    for mark, encoding in _MARKS:
        if prefix.startswith(mark):
            return encoding
    # UTF-16 of Western languages without a mark: every second byte is NUL.
    for encoding, zeros, others in (("utf-16-le", prefix[1::2], prefix[::2]), ("utf-16-be", prefix[::2], prefix[1::2])):
        if zeros.count(0) > len(zeros) * 0.7 and others.count(0) == 0:
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(prefix, final=False)
    except UnicodeDecodeError:
        # A damaged character or two: the rest, whose characters of several bytes are no chance, still tells.
        decoded = codecs.getincrementaldecoder("utf-8")("replace").decode(prefix, final=False)
        if len(prefix) - len(decoded) >= 10 * decoded.count("\ufffd"):
            return "utf-8"
    else:
        return "utf-8"
    if not any(byte in prefix for byte in _NOT_IN_CP1252):
        return "cp1252"
    # Lines in plain ASCII tell nothing, and cost time.
    telling = b"".join(line for line in prefix.splitlines(keepends=True) if not line.isascii())[:SAMPLE_CHARACTERS]
    best = charset_normalizer.from_bytes(telling, cp_isolation=list(_OTHER_CODE_PAGES), threshold=0.9).best()
    return _OTHER_CODE_PAGES.get(best.encoding, "cp1252") if best else "cp1252"


def _sample_of(prefix: bytes, *, encoding: str, is_cut: bool) -> _Sample:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(prefix, final=False).removeprefix(BYTE_ORDER_MARK)
    if len(text) > SAMPLE_CHARACTERS:
        text, is_cut = text[:SAMPLE_CHARACTERS], True
    if is_cut:
        # The last line may be half; without a line end at all it is one endless line, which reading refuses.
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    separator = SEPARATOR_LINE.match(text)
    if separator is None:
        return _Sample(text, is_cut, "")
    return _Sample(text[separator.end() :], is_cut, separator.group(1))


def _rows_of(sample: _Sample, *, delimiter: str, quote: str) -> tuple[list[list[str]], int]:
    """The first rows with something in them, and how many could not be read."""
    rows: list[list[str]] = []
    errors = 0
    reader = csv.reader(
        io.StringIO(sample.text, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    while len(rows) + errors < SAMPLE_ROWS:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if not rows:
                return [[]], SAMPLE_ROWS  # not even the heading
            errors += not (sample.is_cut and str(error).startswith("unexpected end"))
            continue
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            rows.append(cells)
    return rows or [[]], errors


def _delimiter_of(sample: _Sample, *, quote: str) -> str:
    """The delimiter with which rows agree best with a heading of several cells."""

    def fit(delimiter: str) -> tuple[float, float]:
        rows, errors = _rows_of(sample, delimiter=delimiter, quote=quote)
        columns = len(rows[0])
        total = len(rows) + errors
        # A shorter row lacks cells at its end, which is common; a longer one speaks against the delimiter.
        agreeing = sum(1.0 if len(row) == columns else 0.5 for row in rows if len(row) <= columns) / total
        return (columns * agreeing if columns > 1 else 0.0, agreeing if columns else 0.0)

    return max(DELIMITERS, key=fit)  # the first of equals


def _quote_of(sample: _Sample, *, delimiter: str) -> str:
    """The double one, unless the heading stands in single ones throughout."""
    first = next(line for line in sample.text.splitlines() if line.strip())
    is_single = '"' not in first and all(re.fullmatch("'.*'", cell.strip()) for cell in first.split(delimiter))
    return "'" if is_single else '"'


def _decimal_of(cells: Iterable[str]) -> str | None:
    """The decimal sign of the numbers seen. `1,234` and `1.234` tell nothing: they may be thousands."""
    commas = points = 0
    for cell in cells:
        text = cell.strip()
        commas += _DECIMAL_COMMA.fullmatch(text) is not None
        points += _DECIMAL_POINT.fullmatch(text) is not None
    if commas == points:
        return None
    return "," if commas > points else "."


def _line_end_of(text: str) -> str:
    both = text.count("\r\n")
    counts = {"\r\n": both, "\n": text.count("\n") - both, "\r": text.count("\r") - both}
    return max(LINE_ENDS, key=lambda line_end: counts[line_end])
