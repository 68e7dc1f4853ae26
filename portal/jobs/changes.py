"""What an update would change, as far as events have told what is there now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.subjects import subject_of
from portal.jobs.known import Level, levels, seen
from portal.jobs.models import Job, Row


@dataclass(frozen=True, slots=True)
class Change:
    """One level before and after; `known` is None where no event has told it, or several parts share the name."""

    row: int
    about: str
    wanted: Decimal
    known: Level | None

    @property
    def difference(self) -> Decimal | None:
        """Return by how much the level would change."""
        return None if self.known is None else self.wanted - self.known.quantity


def changes_of(job: Job, rows: Iterable[Row]) -> list[Change]:
    """Return what rows of a job would change. Needs the network's scope."""
    operation = OPERATIONS[job.operation]
    items: dict[int, dict[str, Any]] = {row.number: row.item for row in rows if row.item}
    keys = {number: subject_of(operation, item)[:1] for number, item in items.items()}
    asked = {key for found in keys.values() for key in found}
    counts = seen(job.network_id, asked) if asked else {}
    alone = {key for key in asked if counts.get(key) == 1}
    known = levels(job.network_id, alone) if alone else {}
    return [
        Change(
            row=number,
            about=" ".join(key.partition(":")[2] for _kind, key in keys[number]),
            wanted=Decimal(str(item[operation.sets_level])),
            known=next((known[key] for key in keys[number] if key in known), None),
        )
        for number, item in items.items()
        if item.get(operation.sets_level) is not None
    ]
