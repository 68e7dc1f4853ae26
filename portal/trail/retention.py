"""Removes what the audit trail has kept for as long as an organization keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connections

from portal.lib.retention import OWNER, within_retention
from portal.trail.record import Actor, record

BEYOND = """FROM trail_entry WHERE (organization_id = %s OR network_id = ANY (%s::uuid[]))
    AND at <= %s::timestamptz - make_interval(years => %s)"""


def entries_beyond(organization_id: UUID, networks: Sequence[UUID], *, years: int, now: datetime) -> int:
    """Return how many entries of an organization and its networks are older than it keeps them."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(f"SELECT count(*) {BEYOND}", [organization_id, list(networks), now, years])
        return int(cursor.fetchone()[0])


def remove_entries_beyond(
    organization_id: UUID, networks: Sequence[UUID], *, years: int, actor: Actor | str, now: datetime
) -> int:
    """Remove them, and return how many; that they were removed is an entry of its own."""
    with within_retention() as cursor:
        cursor.execute(f"DELETE {BEYOND}", [organization_id, list(networks), now, years])
        count: int = cursor.rowcount
        if count:
            details = {"years": years, "entries": count}
            record("trail_entries_removed", actor=actor, organization_id=organization_id, details=details, using=OWNER)
    return count
