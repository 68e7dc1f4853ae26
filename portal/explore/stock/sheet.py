"""Writes count sheets: the stock of a view as a file to count by, which uploads again without a question."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext

from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.explore.stock.filters import StockFilters
from portal.explore.stock.parts import all_parts
from portal.jobs.counts import NAME, heading_made
from portal.jobs.template_files import delimiter_here, note_of
from portal.lib.tabular import write_csv, write_xlsx
from portal.networks.models import Network

STOCK = "replaceSparePartStock"
KINDS = ("xlsx", "csv")
# References that several parts share: a row that names one would set all of them.
SHARED = """
SELECT reference FROM timeline_subject WHERE network_id = %s AND kind = 'part' AND reference <> '' AND key LIKE 'id:%%'
GROUP BY reference HAVING count(*) > 1
"""


def operation_of_sheets() -> Operation:
    """Return the operation that takes what was counted."""
    return OPERATIONS[STOCK]


def count_sheet(network: Network, filters: StockFilters, kind: str, *, now: datetime) -> IO[bytes]:
    """Return the sheet of a view, of kind xlsx or csv. Needs the scope.

    Each row has the reference and the level as the portal knows it, to be written over by what was counted. Parts
    without a reference of their own are left out: the vendor knows stock by references.
    """
    operation = operation_of_sheets()
    heading = [*(gettext(field.label) for field in operation.fields), str(NAME), heading_made(now)]
    rows = _rows(network, filters, now)
    if kind == "csv":
        file = tempfile.TemporaryFile(prefix="portal-sheet-")  # noqa: SIM115 - whoever sends it closes it
        write_csv(file, heading, rows, delimiter=delimiter_here())
        file.seek(0)
        return file
    with tempfile.TemporaryDirectory(prefix="portal-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        notes = {index: note_of(operation, field) for index, field in enumerate(operation.fields)}
        write_xlsx(path, heading, rows, notes=notes, widths={0: 24, 2: 44})
        return path.open("rb")


def _rows(network: Network, filters: StockFilters, now: datetime) -> Iterator[list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(SHARED, [network.id])
        shared = {reference for (reference,) in cursor.fetchall()}
    for row in all_parts([network], filters, now=now, zone=ZoneInfo(network.time_zone)):
        if row.reference and row.reference not in shared:
            level = "" if row.level is None else f"{row.level.normalize() + 0:f}"
            yield [row.reference, level if row.level is not None and row.level % 1 == 0 else "", row.label, level]
