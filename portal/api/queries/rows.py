"""Runs a statement and gives its rows by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.db import connection


def rows_of(statement: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a statement, each with its columns as attributes."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
