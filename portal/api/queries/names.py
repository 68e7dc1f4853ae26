"""Looks up what the things of a page are called, in one query."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

Thing = tuple[UUID, str, str]  # network, kind, key
NAMES = """
SELECT s.network_id, s.kind, s.key, s.label, s.reference FROM unnest(%s::uuid[], %s::text[], %s::text[]) t(n, kind, key)
JOIN timeline_subject s ON s.network_id = t.n AND s.kind = t.kind AND s.key = t.key
"""


class Names:
    """Names and references of the things of one page."""

    def __init__(self, found: dict[Thing, tuple[str, str]]) -> None:
        self._found = found

    def name(self, network_id: UUID, kind: str, key: str | None) -> str | None:
        """Return what something is called, None where no event says so."""
        return self._found.get((network_id, kind, key or ""), ("", ""))[0] or None

    def reference(self, network_id: UUID, kind: str, key: str | None) -> str | None:
        """Return the customer's own reference of something, None where no event gives one."""
        return self._found.get((network_id, kind, key or ""), ("", ""))[1] or None


def names_of(things: Iterable[tuple[UUID, str, str | None]]) -> Names:
    """Return the names of these things; keys that are empty or None are left out. Needs the scope."""
    wanted = sorted({(network, kind, key) for network, kind, key in things if key}, key=str)
    if not wanted:
        return Names({})
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [list(column) for column in zip(*wanted, strict=True)])
        return Names({(network, kind, key): (label, ref) for network, kind, key, label, ref in cursor.fetchall()})
