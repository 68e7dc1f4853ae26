"""Records what jobs of ours planned of tasks. The one writer of plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.tasks.models import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """What the row of a job said of a task that an event has proved to exist."""

    task: str
    description: str
    starts_at: datetime | None
    ends_at: datetime | None
    all_day: bool
    job_id: UUID
    row: int


def record_plan(network_id: UUID, planned: PlannedTask) -> None:
    """Keep a task's plan; the first job that an event names as its origin stays so."""
    Plan.objects.get_or_create(
        network_id=network_id,
        task=planned.task,
        defaults={
            "description": planned.description[:3000],
            "starts_at": planned.starts_at,
            "ends_at": planned.ends_at,
            "all_day": planned.all_day,
            "job_id": planned.job_id,
            "row": planned.row,
        },
    )
