"""By which reference each part goes now, as verified events tell: the one writer of it, and what it means for writes.

Jobs name parts by their references. A value that was set by a reference of which no part is known belongs to that
reference, until an event tells which part has it: then it is that part's, for as long as the part goes by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection

from integrations.mobility_work.body import REF
from portal.lib.statements import rows_of

KNOWN = "SELECT part, reference FROM {p}stock_partreference WHERE network_id = %s AND part = ANY (%s)"
HELD = "SELECT reference, part FROM {p}stock_partreference WHERE network_id = %s AND reference = ANY (%s)"
SET = """
INSERT INTO {p}stock_partreference (network_id, part, reference)
SELECT %s, t.part, t.reference FROM unnest(%s::text[], %s::text[]) AS t (part, reference)
ON CONFLICT (network_id, part) DO UPDATE SET reference = EXCLUDED.reference
"""
FORGET = "DELETE FROM {p}stock_partreference WHERE network_id = %s AND part = ANY (%s)"
# Looked up name by name, also while PostgreSQL knows nothing yet of the table.
WRITTEN = """
SELECT t.name FROM unnest(%s::text[]) AS t (name) CROSS JOIN LATERAL (
    SELECT 1 FROM stock_write WHERE network_id = %s AND part = t.name LIMIT 1
) w
"""


def references_of(network_id: UUID, parts: Collection[str], *, prefix: str = "") -> dict[str, str]:
    """Return the references of those parts that have one. Needs the scope."""
    return dict(rows_of(KNOWN.format(p=prefix), network_id, list(parts)))


def holders_of(network_id: UUID, references: Collection[str], *, prefix: str = "") -> dict[str, set[str]]:
    """Return the keys of the parts that go by each reference, of those that any goes by. Needs the scope."""
    found: dict[str, set[str]] = {}
    for reference, part in rows_of(HELD.format(p=prefix), network_id, list(references)):
        found.setdefault(reference, set()).add(part)
    return found


def holders_of_names(network_id: UUID, names: Collection[str], *, prefix: str = "") -> dict[str, set[str]]:
    """Return whose ledgers hold what was set under each name: a part's key, or a reference that no part has yet."""
    references = {name: name.removeprefix(REF) for name in names if name.startswith(REF)}
    held = holders_of(network_id, [*references.values()], prefix=prefix)
    return {name: held.get(references.get(name, ""), {name}) for name in names}


def names_of(network_id: UUID, parts: Collection[str], *, prefix: str = "") -> dict[str, set[str]]:
    """Return the parts in whose ledgers it stands, by each name under which a job may have set the stock of these."""
    known = references_of(network_id, parts, prefix=prefix)
    names = {*parts, *(REF + reference for reference in known.values())}
    asked = set(parts)
    held = {name: owners & asked for name, owners in holders_of_names(network_id, names, prefix=prefix).items()}
    return {name: mine for name, mine in held.items() if mine}


def set_references(network_id: UUID, told: Mapping[str, str], *, prefix: str = "") -> set[str]:
    """Keep by which reference each part goes, "" = by none; return the keys whose ledgers are no longer right.

    Needs the network's drain lock and its scope.
    """
    known = references_of(network_id, told, prefix=prefix)
    changed = {part: reference for part, reference in told.items() if known.get(part, "") != reference}
    if not changed:
        return set()
    kept = {part: reference for part, reference in changed.items() if reference}
    with connection.cursor() as cursor:
        cursor.execute(FORGET.format(p=prefix), [network_id, [*changed.keys() - kept.keys()]])
        cursor.execute(SET.format(p=prefix), [network_id, [*kept], [*kept.values()]])
    moved = {part: {REF + name for name in (known.get(part), reference) if name} for part, reference in changed.items()}
    names = {name for mine in moved.values() for name in mine}
    written = {name for (name,) in rows_of(WRITTEN, list(names), network_id)}
    return written | {part for part, mine in moved.items() if mine & written}
