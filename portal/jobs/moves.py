"""The one way in which rows go from state to state, and the one way to ask where they stand.

While a request is under way its rows are left as they are: its batch says for all of them that they are being sent.
So what stands in a row as "in line" is in line or on its way, and no row is written before there is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from portal.jobs.models import Batch, Job, Row
from portal.jobs.states import RowState, StateRefused, refuse_wrong_row_turn


def under_way(network_id: UUID, job_id: UUID) -> list[int]:
    """Return the numbers of a job's requests to which there is no answer so far. Needs the network's scope."""
    sending = Batch.objects.filter(network_id=network_id, job_id=job_id, state=Batch.State.SENDING)
    return list(sending.values_list("number", flat=True))


def rows_in(network_id: UUID, job_id: UUID, state: RowState) -> QuerySet[Row]:
    """Return the rows of a job that are in a state now. Needs the network's scope."""
    rows = Row.objects.filter(network_id=network_id, job_id=job_id)
    if state not in {RowState.QUEUED, RowState.SENDING}:
        return rows.filter(state=state)
    sent = under_way(network_id, job_id)
    if state == RowState.QUEUED:
        return rows.filter(state=state).exclude(batch__in=sent)
    # What was claimed before this was said by the batch alone has it in each row.
    return rows.filter(state__in=[RowState.QUEUED, state], batch__in=sent)


def as_they_stand(network_id: UUID, job_id: UUID, rows: Iterable[Row]) -> list[Row]:
    """Return rows of a job as people see them: those whose request is under way are being sent. Needs the scope."""
    sent = set(under_way(network_id, job_id))
    found = list(rows)
    for row in found:
        if row.state == RowState.QUEUED and row.batch in sent:
            row.state = RowState.SENDING
    return found


def move(
    network_id: UUID,
    job_id: UUID,
    before: RowState,
    after: RowState,
    *,
    now: datetime,
    only: Q = Q(),  # noqa: B008 - never changed
    **changes: Any,
) -> int:
    """Move those of a job's rows (`only` some) that are in `before`, and return how many. Needs the network's scope.

    Raises StateRefused where no way leads, and where it leads to being sent: that is said by the batch.
    """
    refuse_wrong_row_turn(before, after)
    if after == RowState.SENDING:
        raise StateRefused(before, after)
    count = rows_in(network_id, job_id, before).filter(only).update(state=after, updated_at=now, **changes)
    change = (after == RowState.UNCERTAIN) - (before == RowState.UNCERTAIN)
    if change and count:
        Job.objects.filter(network_id=network_id, id=job_id).update(uncertain=F("uncertain") + change * count)
    return count
