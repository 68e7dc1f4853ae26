"""What a file of rows is written in, and how large it may be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.lib.tabular.errors import BadFormat

# In the order in which a form offers them; UTF-16 needs no choice of byte order where the file has a mark.
ENCODINGS = {
    "utf-8-sig": _("UTF-8 with mark"),
    "utf-8": _("UTF-8"),
    "utf-16-le": _("UTF-16 (little endian)"),
    "utf-16-be": _("UTF-16 (big endian)"),
    "cp1252": _("Windows-1252 (Western Europe)"),
    "cp850": _("DOS 850 (Western Europe)"),
    "mac-roman": _("Mac Roman"),
    "iso8859-15": _("ISO 8859-15 (Latin 9)"),
    "cp1250": _("Windows-1250 (Central Europe)"),
}
DELIMITERS = {
    ",": pgettext_lazy("delimiter", "comma"),
    ";": pgettext_lazy("delimiter", "semicolon"),
    "\t": pgettext_lazy("delimiter", "tab"),
    "|": pgettext_lazy("delimiter", "vertical bar"),
}
QUOTES = {
    '"': pgettext_lazy("quotation mark", "double"),
    "'": pgettext_lazy("quotation mark", "single"),
    "": pgettext_lazy("quotation mark", "none"),
}
DECIMALS = {".": pgettext_lazy("decimal sign", "point"), ",": pgettext_lazy("decimal sign", "comma")}
LINE_ENDS = {"\r\n": "CR LF", "\n": "LF", "\r": "CR"}
# Rows of a sheet, by the file format itself.
SHEET_ROWS = 1_048_576
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read of a file before it is refused; all inclusive."""

    max_rows: int = 200_000  # rows with something in them, without the heading
    max_bytes: int = 50 * MEGABYTE
    max_columns: int = 200
    max_cell: int = 32_767  # characters; what a cell of a sheet can hold
    max_row: int = 1_000_000  # characters
    xlsx_unpacked: int = 300 * MEGABYTE
    xlsx_ratio: int = 250  # unpacked to packed, of the parts above 10 MB; real sheets stay below 60
    xlsx_entries: int = 2_000
    xlsx_memory: int = 1_500 * MEGABYTE  # address space of the process that reads
    xlsx_seconds: int = 60  # of its computing time; it may last twice as long


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How to read a file: what `detect` found, or what a person chose instead."""

    kind: Literal["csv", "xlsx"]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'  # empty: quotation marks are text like any other
    decimal: str = "."
    decimal_seen: bool = False  # False: no cell told, so `decimal` is only what the delimiter suggests
    line_end: str = "\n"  # as found; reading takes every kind
    sheets: tuple[str, ...] = ()
    sheet: str = ""

    def __post_init__(self) -> None:
        offered: dict[str, Collection[str]] = {
            "encoding": ENCODINGS,
            "delimiter": DELIMITERS,
            "quote": QUOTES,
            "decimal": DECIMALS,
            "line_end": LINE_ENDS,
        }
        for field, values in offered.items():
            if getattr(self, field) not in values:
                raise BadFormat(field=field, value=getattr(self, field))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for storing beside the file."""
        return {**asdict(self), "sheets": list(self.sheets)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> FileFormat:
        return cls(**{**stored, "sheets": tuple(stored["sheets"])})
