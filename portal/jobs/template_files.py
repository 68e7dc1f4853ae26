"""Templates of files to fill in: the columns of an operation under the names that the reader's language gives them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import get_language, gettext

from integrations.spec import Field, Operation
from portal.lib.tabular import write_csv, write_xlsx

# Where a decimal comma is written, spreadsheets part cells by semicolons.
DELIMITERS = {"fr": ";"}


def csv_template(operation: Operation) -> IO[bytes]:
    """Return a CSV file with headings only: an example row would be sent by those who forget to remove it."""
    file = tempfile.TemporaryFile(prefix="portal-template-")  # noqa: SIM115 - whoever sends it closes it
    write_csv(file, [gettext(field.label) for field in operation.fields], [], delimiter=delimiter_here())
    file.seek(0)
    return file


def xlsx_template(operation: Operation) -> IO[bytes]:
    """Return a workbook whose headings explain themselves in notes. Its columns are text, so that zeros stay."""
    with tempfile.TemporaryDirectory(prefix="portal-template-") as folder:
        path = Path(folder) / "template.xlsx"
        notes = {index: note_of(operation, field) for index, field in enumerate(operation.fields)}
        write_xlsx(path, [gettext(field.label) for field in operation.fields], [], notes=notes)
        return path.open("rb")


def delimiter_here() -> str:
    """Return what parts cells where the reader's language is written."""
    return DELIMITERS.get((get_language() or "").partition("-")[0], ",")


def note_of(operation: Operation, field: Field) -> str:
    """Return what a column is, whether it is needed, and an example."""
    lines = [gettext(field.help)]
    lines.append(gettext("Every row needs it.") if field.needed else gettext("Optional."))
    if field.choices:
        lines.append(gettext("One of: %(choices)s") % {"choices": ", ".join(field.choices)})
    if operation.updates and not field.needed:
        lines.append(gettext("An empty cell leaves it as it is."))
    if field.nullable and operation.updates:
        lines.append(gettext("%(token)s clears it.") % {"token": settings.PORTAL_CLEAR_TOKEN})
    if field.example:
        lines.append(gettext("Example: %(example)s") % {"example": field.example})
    return "\n".join(lines)
