"""Files of rows, CSV and XLSX: what they are written in, reading them row by row in bounded memory, writing them."""

from portal.lib.tabular.cell_names import cell_name
from portal.lib.tabular.detect import detect
from portal.lib.tabular.errors import FileError, RowError, TabularError, error_of
from portal.lib.tabular.file_format import FileFormat, Limits
from portal.lib.tabular.read import read_rows
from portal.lib.tabular.table_reader import NumericCells, TableReader
from portal.lib.tabular.write import write_csv, write_xlsx

__all__ = [
    "FileError",
    "FileFormat",
    "Limits",
    "NumericCells",
    "RowError",
    "TableReader",
    "TabularError",
    "cell_name",
    "detect",
    "error_of",
    "read_rows",
    "write_csv",
    "write_xlsx",
]
