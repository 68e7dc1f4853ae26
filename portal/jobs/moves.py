"""The one way in which rows go from state to state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from portal.jobs.models import Row
from portal.jobs.states import RowState, refuse_wrong_row_turn


def move(rows: QuerySet[Row], before: RowState, after: RowState, *, now: datetime, **changes: Any) -> int:
    """Move those of the rows that are in `before`, and return how many. Raises StateRefused where no way leads."""
    refuse_wrong_row_turn(before, after)
    return rows.filter(state=before).update(state=after, updated_at=now, **changes)
