"""Statements with many values, which the ORM would write into their text one by one; and those with many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from django.db import connection

FETCHED = 5_000  # rows at a time


def execute_binary(statement: str, *values: Any) -> None:
    """Send the values beside the statement, in binary (placeholders are %b, lists become arrays)."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values)


def rows_of(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return all rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def each_row(statement: str, values: Sequence[Any]) -> Iterator[Any]:
    """Yield the rows of one statement, all as of its beginning, without holding them all. Needs a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(FETCHED):
            yield from rows
