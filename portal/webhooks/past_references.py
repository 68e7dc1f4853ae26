"""Learns from past events by which references they name things: they were recorded before that was kept with them.

A migration lists the networks to which it applies; the drain reads some of their events each time it runs.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from integrations.mobility_work.reader import read
from portal.timeline.naming import give_references
from portal.webhooks.models import ReferencesToRead
from portal.webhooks.projections import project

EVENTS_AT_ONCE = 1000
MAX_BYTES = 4 * 1024 * 1024  # as for a batch of the drain
# The latest first: their references are those by which parts go now, and none is set that is taken back further on.
EVENTS = """
SELECT position, raw, first_received_at FROM (
    SELECT e.*, sum(length(e.raw)) OVER (ORDER BY e.position DESC) - length(e.raw) AS bytes_before
    FROM (
        SELECT position, raw, first_received_at FROM timeline_event
        WHERE network_id = (SELECT %(network)s::uuid) AND position < %(before)s ORDER BY position DESC LIMIT %(limit)s
    ) e
) events WHERE bytes_before < %(bytes)s ORDER BY position DESC
"""


def read_past_references(network_id: UUID) -> None:
    """Read the references of some past events, if any are left. Needs the network's drain lock and its scope."""
    left = ReferencesToRead.objects.filter(network_id=network_id)
    before = left.values_list("before", flat=True).first()
    if before is None:
        return
    events = _events(network_id, before)
    if not events:
        left.delete()
        return
    give_references(network_id, [(position, read(raw, at).subjects) for position, raw, at in events])
    positions = [position for position, _, _ in events]
    project(network_id, positions)
    left.update(before=min(positions))


def _events(network_id: UUID, before: int) -> list[tuple[int, bytes, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, {"network": network_id, "before": before, "limit": EVENTS_AT_ONCE, "bytes": MAX_BYTES})
        return [(position, bytes(raw), at) for position, raw, at in cursor.fetchall()]
