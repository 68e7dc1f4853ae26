"""What may be sent once more after a call whose outcome nobody knows (design section 4, "Writes")."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min, Q

from integrations.errors import OutcomeUnknown, VendorFault
from integrations.mobility_work.subjects import changes_identity, subject_of
from integrations.spec import Operation
from portal.jobs.models import Call
from portal.jobs.moves import move, rows_in
from portal.jobs.states import RowState

UNKNOWN = (OutcomeUnknown, VendorFault)  # outcomes after which the call may have taken effect, and a repeat may help
MAYBE = [kind.__name__ for kind in UNKNOWN]
KINDS = frozenset({"part", "equipment"})  # where a location is shared by many rows, an event about it says nothing
# By the key of readings, or by the reference under which a thing with a native id was last seen.
TOUCHED = """
SELECT DISTINCT asked.number FROM unnest(%s::int[], %s::text[], %s::text[]) AS asked (number, kind, key)
JOIN timeline_subject s ON s.network_id = %s AND s.kind = asked.kind
    AND (s.key = asked.key OR (starts_with(asked.key, 'ref:') AND s.reference = substr(asked.key, 5)))
JOIN timeline_eventsubject es ON es.network_id = s.network_id AND es.kind = s.kind AND es.key = s.key
JOIN timeline_event e ON e.network_id = es.network_id AND e.position = es.position AND e.recorded_at >= %s
"""


def maybe_sent(network_id: UUID, job_id: UUID, *, batch: int | None = None) -> dict[int, datetime]:
    """Return since when batches of a job (or one) may have taken effect although no answer said so, by number."""
    calls = Call.objects.filter(network_id=network_id, job_id=job_id, outcome__in=MAYBE)
    if batch is not None:
        calls = calls.filter(batch=batch)
    return dict(calls.values_list("batch").annotate(Min("started_at")).order_by())


def leave_renaming(network_id: UUID, job_id: UUID, batch: int, operation: Operation, *, now: datetime) -> None:
    """Take rows that change what they are called out of a repeat: it would not find them, or find another."""
    if not operation.renames:
        return
    sent = rows_in(network_id, job_id, RowState.SENDING).filter(batch=batch).values_list("number", "item")
    renaming = [number for number, item in sent if changes_identity(operation, item or {})]
    if renaming:
        only = Q(number__in=renaming)
        move(network_id, job_id, RowState.SENDING, RowState.UNCERTAIN, now=now, only=only)


def leave_touched(
    network_id: UUID, job_id: UUID, batch: int, operation: Operation, *, since: datetime, now: datetime
) -> None:
    """Take rows out of a repeat that an event has touched since the first call: it could undo what is newer."""
    queued = rows_in(network_id, job_id, RowState.QUEUED).filter(batch=batch).values_list("number", "item")
    if touched := _touched(network_id, operation, dict(queued), since):
        move(network_id, job_id, RowState.QUEUED, RowState.UNCERTAIN, now=now, only=Q(number__in=touched))


def _touched(network_id: UUID, operation: Operation, items: dict[int, Any], since: datetime) -> set[int]:
    asked = [
        (number, kind, key)
        for number, item in items.items()
        for kind, key in subject_of(operation, item or {})
        if kind in KINDS
    ]
    if not asked:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, [*(list(column) for column in zip(*asked, strict=True)), network_id, since])
        return {row[0] for row in cursor.fetchall()}
