"""Records the stock values that the vendor accepted from jobs: evidence beside the events. The one writer of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from portal.stock.evidence import WRITTEN, Evidence, key_of_write
from portal.stock.models import Write

# Writes of the parts asked for that come after a place in their ledgers.
WRITES = """
SELECT w.part, w.order_key, w.accepted_at, w.level, w.job_id, w."row"
FROM unnest(%s::text[], %s::bytea[]) AS t (part, order_key)
JOIN stock_write w ON w.network_id = %s AND w.part = t.part AND w.order_key > t.order_key
ORDER BY w.part COLLATE "C", w.order_key
"""


FOLDED = """
UPDATE stock_write w SET folded = true FROM unnest(%s::text[], %s::bytea[]) AS t (part, order_key)
WHERE w.network_id = %s AND w.part = t.part AND w.order_key = t.order_key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedStock:
    """One row of a job that the vendor accepted, and the part that it sets."""

    part: str
    level: Decimal
    accepted_at: datetime
    job_id: UUID
    row: int


def record_writes(network_id: UUID, accepted: Sequence[AcceptedStock]) -> None:
    """Keep accepted stock values; what is kept already stays. They are folded by the next drain."""
    Write.objects.bulk_create(
        (
            Write(
                network_id=network_id,
                part=each.part,
                order_key=key_of_write(each.accepted_at, job_id=each.job_id, row=each.row),
                level=each.level,
                accepted_at=each.accepted_at,
                job_id=each.job_id,
                row=each.row,
            )
            for each in accepted
        ),
        ignore_conflicts=True,
        batch_size=2000,
    )


def not_folded(network_id: UUID, *, limit: int | None = None) -> dict[str, list[bytes]]:
    """Return the places of writes that no ledger holds yet, by name and in order."""
    found: dict[str, list[bytes]] = {}
    waiting = Write.objects.filter(network_id=network_id, folded=False).order_by("part", "order_key")
    for part, key in waiting.values_list("part", "order_key")[:limit]:
        found.setdefault(part, []).append(bytes(key))
    return found


def mark_folded(network_id: UUID, waiting: Mapping[str, Sequence[bytes]]) -> None:
    """Say that the ledgers hold these writes, and no others: more may have come since they were read."""
    pairs = [(name, key) for name, keys in waiting.items() for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(FOLDED, [[name for name, _ in pairs], [key for _, key in pairs], network_id])


def writes_after(network_id: UUID, places: Sequence[tuple[str, bytes]]) -> list[tuple[str, Evidence]]:
    """Return the accepted writes about parts after the given places, parts together and each in order."""
    with connection.cursor() as cursor:
        cursor.execute(WRITES, [[part for part, _ in places], [key for _, key in places], network_id])
        return [
            (
                part,
                Evidence(
                    order_key=bytes(key), at=at, kind=WRITTEN, resulting=level.normalize() + 0, job_id=job, row=row
                ),
            )
            for part, key, at, level, job, row in cursor.fetchall()
        ]
