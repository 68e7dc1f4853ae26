"""Opens a file of rows for reading, whatever its kind."""

from __future__ import annotations

from pathlib import Path

from portal.lib.tabular.csv_source import csv_rows
from portal.lib.tabular.errors import EmptyFile, EmptySheet, TooManyBytes
from portal.lib.tabular.file_format import MEGABYTE, FileFormat, Limits
from portal.lib.tabular.table_reader import OnRowError, TableReader
from portal.lib.tabular.xlsx_source import xlsx_rows


def read_rows(
    path: Path,
    file_format: FileFormat,
    *,
    limits: Limits | None = None,
    on_row_error: OnRowError | None = None,
) -> TableReader:
    """Open the file and read its heading; close the reader, or use it in a `with`.

    Every error is a TabularError. Without `on_row_error` the first bad row ends the reading with its RowError; with
    it, each is handed over and the reading goes on. The file must not change in the meantime.
    """
    limits = limits or Limits()
    if path.stat().st_size > limits.max_bytes:
        raise TooManyBytes(limit=limits.max_bytes // MEGABYTE)
    source = xlsx_rows if file_format.kind == "xlsx" else csv_rows
    rows = source(path, file_format, limits=limits)
    try:
        return TableReader(rows, file_format=file_format, limits=limits, on_row_error=on_row_error)
    except EmptyFile as error:
        rows.close()
        if file_format.kind == "xlsx":
            raise EmptySheet(sheet=file_format.sheet) from error
        raise
    except BaseException:
        rows.close()
        raise
