"""Locks that PostgreSQL holds until the end of a transaction, named by a text."""

from __future__ import annotations

from django.db import connection


def lock(name: str, *, wait: bool) -> bool:
    """Take the lock of a name; without waiting, return False when another transaction has it."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
        row = cursor.fetchone()
    return wait or bool(row[0])
