"""What a row is about, in the person's own words."""

from __future__ import annotations

from typing import Any

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.models import Job, Row


def about(job: Job, row: Row) -> str:
    """Return what a row is about: its cells as typed, or else what is sent."""
    operation = OPERATIONS[job.operation]
    names = operation.identity or tuple(field.name for field in operation.fields[:2])
    if row.cells:
        return " · ".join(cell for name in names if (cell := row.cells.get(name, "")))
    texts = []
    for name in names:
        value: Any = row.item
        for part in operation.field(name).path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = value.get("value")
        if value not in (None, ""):
            texts.append(str(value))
    return " · ".join(texts)
