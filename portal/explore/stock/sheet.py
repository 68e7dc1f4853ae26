"""Writes count sheets: the stock of a view as a file to count by, which uploads again without a question."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from django.conf import settings
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
# References that several parts share: a row that names one would set all of them. The vendor takes no id here
# (openapi.yaml, SparePartIdentifier), and an id sent as text would be the reference of another part.
SHARED = """
SELECT reference FROM timeline_subject WHERE network_id = %s AND kind = 'part' AND reference <> '' AND key LIKE 'id:%%'
GROUP BY reference HAVING count(*) > 1
"""


class SheetTooLarge(Exception):
    """The view has more parts than a sheet may hold: it is written while somebody waits."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with the number of its rows, and of the parts of the view that no reference names alone."""

    file: IO[bytes]
    rows: int
    left_out: int


def operation_of_sheets() -> Operation:
    """Return the operation that takes what was counted."""
    return OPERATIONS[STOCK]


def count_sheet(network: Network, filters: StockFilters, kind: str, *, now: datetime) -> Sheet:
    """Return the sheet of a view, of kind xlsx or csv. Needs the scope. Raises SheetTooLarge.

    Each row has the reference and the level as the portal knows it, to be written over by what was counted. Parts
    without a reference of their own are left out: the vendor knows stock by references.
    """
    left_out: list[str] = []
    operation = operation_of_sheets()
    heading = [*(gettext(field.label) for field in operation.fields), str(NAME), heading_made(now)]
    rows = _rows(network, filters, now, left_out)
    if kind == "csv":
        file = tempfile.TemporaryFile(prefix="portal-sheet-")  # noqa: SIM115 - whoever sends it closes it
        count = write_csv(file, heading, rows, delimiter=delimiter_here())
        file.seek(0)
        return Sheet(file, count, len(left_out))
    with tempfile.TemporaryDirectory(prefix="portal-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        notes = {index: note_of(operation, field) for index, field in enumerate(operation.fields)}
        count = write_xlsx(path, heading, rows, notes=notes, widths={0: 24, 2: 44})
        return Sheet(path.open("rb"), count, len(left_out))


def _rows(network: Network, filters: StockFilters, now: datetime, left_out: list[str]) -> Iterator[list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(SHARED, [network.id])
        shared = {reference for (reference,) in cursor.fetchall()}
    parts = all_parts([network], filters, now=now, zone=ZoneInfo(network.time_zone))
    for number, row in enumerate(parts, 1):
        if number > settings.PORTAL_SHEET_MAX_PARTS:
            raise SheetTooLarge
        if not row.reference or row.reference in shared:
            left_out.append(row.part)
        else:
            level = "" if row.level is None else f"{row.level.normalize() + 0:f}"
            yield [row.reference, level if row.level is not None and row.level % 1 == 0 else "", row.label, level]
