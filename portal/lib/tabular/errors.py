"""What can be wrong with a file of rows: one named exception each, whose text says what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from portal.lib.tabular.cell_names import cell_name

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class TabularError(Exception):
    """Something is wrong with a file. `str()` gives the text in the language of whoever reads it just then.

    `code` and `params` are plain JSON, for storing and for other processes; `error_of(code, params)` brings it back.
    """

    message: ClassVar[StrOrPromise]
    by_code: ClassVar[dict[str, type[TabularError]]] = {}

    def __init__(self, **params: Any) -> None:
        super().__init__(params)
        self.params: dict[str, Any] = params

    def __init_subclass__(cls) -> None:
        TabularError.by_code[cls.__name__] = cls

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def row(self) -> int | None:
        """The row as a spreadsheet numbers it, where the error has one."""
        return self.params.get("row")

    def __str__(self) -> str:
        shown = dict(self.params)
        if "limit" in shown:
            shown["limit"] = number_format(shown["limit"], force_grouping=True)
        if "column_index" in shown:
            shown["cell"] = cell_name(shown["column_index"], shown["row"])
        return str(self.message) % shown

    def __reduce__(self) -> tuple[Any, ...]:
        return error_of, (self.code, self.params)


def error_of(code: str, params: dict[str, Any]) -> TabularError:
    """The exception with this code, as it was stored or as another process reported it."""
    return TabularError.by_code[code](**params)


class FileError(TabularError):
    """The file as a whole cannot be read, or not further."""


class RowError(TabularError):
    """One row cannot be read; those behind it can. `params` always names its `row`."""


# --- The whole file

WHATS: dict[str, StrOrPromise] = {
    "jpeg": _("a JPEG picture"),
    "png": _("a PNG picture"),
    "gif": _("a GIF picture"),
    "tiff": _("a TIFF picture"),
    "webp": _("a WebP picture"),
    "pdf": _("a PDF document"),
    "zip": _("a ZIP archive"),
    "docx": _("a Word document"),
    "pptx": _("a PowerPoint presentation"),
    "ods": _("an OpenDocument file"),
    "xlsb": _("a binary Excel workbook (XLSB)"),
    "ole": _("an Excel workbook of the old kind (XLS), or one that a password protects"),
    "html": _("a web page (HTML)"),
    "xml": _("an XML document"),
    "rtf": _("an RTF document"),
    "gzip": _("a compressed file (gzip)"),
    "7z": _("a compressed file (7z)"),
    "rar": _("a compressed file (RAR)"),
    "json": _("JSON"),
    "binary": _("a binary file"),
}


class NotATable(FileError):
    """`what` is a key of WHATS."""

    message = _("This file is %(what)s, not a table. Save the table as CSV or XLSX, and choose that file.")

    def __str__(self) -> str:
        return str(self.message) % {"what": WHATS.get(self.params["what"], self.params["what"])}


class EmptyFile(FileError):
    message = _("This file holds nothing. Fill in the headings and at least one row, save it, and choose it again.")


class EmptySheet(FileError):
    message = _("The sheet “%(sheet)s” holds nothing. Choose another sheet, or fill it in.")


class UnknownSheet(FileError):
    message = _("The workbook has no sheet “%(sheet)s”. Choose one of its sheets.")


class BadFormat(FileError):
    """A field of the format was given a value that no file can have."""

    message = _("“%(value)s” cannot be chosen here (%(field)s). Choose one of the values offered.")


class TooManyBytes(FileError):
    message = _("This file is larger than %(limit)s MB. Split it into several files.")


class TooManyRows(FileError):
    message = _("This file holds more than %(limit)s rows. Split it into several files.")


class TooManyColumns(FileError):
    message = _("This file has %(columns)s columns; at most %(limit)s can be read. Remove the columns not needed.")


class UnclosedQuote(FileError):
    message = _(
        "Row %(row)s: a quotation mark (%(quote)s) opens a cell and nothing closes it. "
        "Remove it, or double it and enclose the cell in quotation marks."
    )


class RowTooLong(FileError):
    message = _(
        "Row %(row)s is longer than %(limit)s characters. Is a quotation mark open, or another line end in use?"
    )


class DamagedWorkbook(FileError):
    message = _(
        "This XLSX file is damaged or incomplete. Open it in a spreadsheet, save it again, and choose that file."
    )


class LockedWorkbook(FileError):
    message = _("A password protects this workbook. Save it without a password, and choose that file.")


class UnpackedTooLarge(FileError):
    """A zip bomb, or a workbook far beyond what one writes by hand."""

    message = _(
        "Unpacked, this XLSX file is larger than can be read (%(limit)s MB). "
        "Save only the sheet that is needed, as CSV."
    )


class SuspiciousArchive(FileError):
    """Packed in a way that no spreadsheet program does."""

    message = _(
        "This XLSX file is packed in a way that no spreadsheet program uses, so it is not opened. "
        "Open it in a spreadsheet and save it again, or save it as CSV."
    )


class WorkbookTooHeavy(FileError):
    """The process that reads the workbook ran into its limit of memory, of time or of disk."""

    message = _(
        "Reading this XLSX file takes more memory or time than is allowed. "
        "Save only the sheet that is needed, as CSV, and choose that file."
    )


# --- One row


class UndecodableBytes(RowError):
    message = _(
        "Row %(row)s, character %(position)s of its line: the byte %(byte)s is no text in %(encoding)s. "
        "Choose another encoding, or save the file as “CSV UTF-8”."
    )


class NulCharacter(RowError):
    message = _(
        "Row %(row)s, character %(position)s of its line: a NUL character. The file is damaged or in another "
        "encoding: choose another encoding, or save it again."
    )


class StrayQuote(RowError):
    message = _(
        "Row %(row)s: text follows the quotation mark (%(quote)s) that closes a cell. "
        "Double the quotation marks inside cells, or choose another one."
    )


class TooManyCells(RowError):
    message = _(
        "Row %(row)s has %(cells)s cells, but there are %(headings)s headings. "
        "Is a delimiter inside a cell that is not in quotation marks?"
    )


class CellTooLong(RowError):
    message = _("%(cell)s (%(column)s): the cell is longer than %(limit)s characters. Shorten it.")


class ErrorCell(RowError):
    message = _("%(cell)s (%(column)s): the formula gives %(value)s. Correct it, or enter the value itself.")


# --- Writing


class TooManyRowsToWrite(FileError):
    message = _("A sheet holds at most %(limit)s rows. Choose CSV, or export less at a time.")


class CellTooLongToWrite(FileError):
    message = _("Row %(row)s, column %(column)s: a cell of a sheet holds at most %(limit)s characters. Choose CSV.")
