"""Statements with many values, which the ORM would write into their text one by one."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection


def execute_binary(statement: str, *values: Any) -> None:
    """Send the values beside the statement, in binary (placeholders are %b, lists become arrays)."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values)
