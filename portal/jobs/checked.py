"""Checks one row of a job, wherever it comes from: a file, a form, or a cell that was mended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from pydantic_core import PydanticSerializationError, to_json

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.rows import RowContext, RowReader, row_reader
from portal.jobs.models import Job
from portal.jobs.problems import Stored, stored
from portal.jobs.states import RowState
from portal.lib.plain_json import storable
from portal.networks.models import Network


@dataclass(slots=True)
class Checked:
    """What the check of one row gave."""

    number: int
    cells: dict[str, str]
    item: dict[str, Any] | None
    problems: list[Stored]
    warnings: list[Stored] = field(default_factory=list)
    identity: bytes | None = None
    content: str = ""  # the item as JSON; of a row with errors, its cells

    @property
    def is_plain(self) -> bool:
        """Say whether there is nothing to say of it."""
        return self.item is not None and not self.problems and not self.warnings

    @property
    def values(self) -> tuple[Any, ...]:
        """Return the columns of its place in the table. Cells are kept only where there is something to say."""
        is_good = self.item is not None and not self.problems
        return (
            self.number,
            RowState.READY.value if is_good else RowState.INVALID.value,
            self.content if is_good else None,
            stored_json(self.cells) if self.problems or self.warnings else None,
            stored_json(self.problems) if self.problems else "[]",
            stored_json(self.warnings) if self.warnings else "[]",
            self.identity,
        )


def reader_of(network: Network, job: Job) -> RowReader:
    """Return the checks of a job's rows, as its file and its network have it."""
    file_format = job.file_format or {}
    context = RowContext(
        time_zone=ZoneInfo(network.time_zone),
        currency=network.currency,
        clear_token=settings.PORTAL_CLEAR_TOKEN,
        decimal_comma=file_format["decimal"] == "," if file_format.get("decimal_seen") else None,
        identifier_types=job.identifier_types,
    )
    return row_reader(OPERATIONS[job.operation], context)


def checked_row(number: int, cells: dict[str, str], check: Any) -> Checked:
    """Check one row."""
    item, errors = check(cells)
    if item is None:
        return Checked(number, cells, None, [stored(each) for each in errors], content=json.dumps(cells))
    return Checked(number, cells, item, [], content=json_of(item))


def json_of(item: dict[str, Any]) -> str:
    """Return an item as JSON, always the same for the same item: rows are compared and recognised by it."""
    try:
        return to_json(item).decode()
    except PydanticSerializationError:  # half a character, which no encoding has
        return json.dumps(item)


def stored_json(value: Any) -> str:
    """Return JSON that PostgreSQL takes."""
    text = json.dumps(value)
    return json.dumps(storable(value)) if "\\ud" in text or "\\u0000" in text else text
