"""The lock that lets one worker at a time change a network's events and readings."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def lock_network(network_id: UUID, *, wait: bool = False) -> bool:
    """Take the network's drain lock until the end of the transaction; False when another worker has it."""
    key = f"drain {network_id}"
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        row = cursor.fetchone()
    return bool(row[0])
