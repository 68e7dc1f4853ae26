"""Hands on what jobs know and events do not carry: accepted stock values, and the plans of scheduled tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from integrations.spec import Operation
from portal.jobs.models import Call, Row
from portal.stock.record import AcceptedStock, record_writes
from portal.tasks.record import PlannedTask, record_plan


def keep_accepted_levels(
    network_id: UUID, rows: Sequence[Row], operation: Operation, *, keys_of: Mapping[str, Collection[str]]
) -> None:
    """Record the levels of rows whose request the vendor accepted, for every part that each may mean.

    A row of another request may be proved by events later on; the level is evidence then by the event itself.
    """
    ends = _accepted_at(network_id, rows)
    accepted: list[AcceptedStock] = []
    for row in rows:
        quantity = (row.item or {}).get(operation.sets_level) if operation.sets_level else None
        ended = ends.get((row.job_id, row.batch or 0))
        if quantity is None or ended is None or not row.about:
            continue
        accepted += (
            AcceptedStock(part=part, level=Decimal(str(quantity)), accepted_at=ended, job_id=row.job_id, row=row.number)
            for part in sorted(keys_of.get(row.about) or (row.about,))
        )
    record_writes(network_id, accepted)


def _accepted_at(network_id: UUID, rows: Sequence[Row]) -> dict[tuple[UUID, int], datetime]:
    """Return when each request was accepted, for those that were."""
    calls = Call.objects.filter(
        network_id=network_id,
        job_id__in={row.job_id for row in rows},
        batch__in={row.batch for row in rows if row.batch},
        outcome="accepted",
    )
    return {(job, batch): ended for job, batch, ended in calls.values_list("job_id", "batch", "ended_at") if ended}


def keep_plan(network_id: UUID, task: str, row: Row) -> None:
    """Record what the row that scheduled a task said of it."""
    item: dict[str, Any] = row.item or {}
    record_plan(
        network_id,
        PlannedTask(
            task=task,
            description=str(item.get("description") or ""),
            starts_at=_moment(item.get("startDateTime")),
            ends_at=_moment(item.get("endDateTime")),
            all_day=item.get("allDay") is True,
            job_id=row.job_id,
            row=row.number,
        ),
    )


def _moment(value: object) -> datetime | None:
    """Return a sent moment; None for what names no moment without a guess."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
