"""Up to how many of a part are to be kept, as far as jobs of ours have set it and Mobility Work has accepted that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

# What rows say of parts stays when the rows go: it is so on the vendor's side until something else is sent.
KEEP_MAXIMA = """
INSERT INTO jobs_keptmaximum AS kept (network_id, part, maximum, job_id, "row", at)
SELECT DISTINCT ON (part) r.network_id, part, r.item->'maximumStock', r.job_id, r.number, r.updated_at
FROM jobs_row r JOIN jobs_job j ON j.network_id = r.network_id AND j.id = r.job_id CROSS JOIN LATERAL (
    SELECT CASE j.operation WHEN 'updateSpareParts' THEN r.about
        WHEN 'createSpareParts' THEN 'ref:' || left(r.item->>'externalReference', 200) END AS part) named
WHERE r.network_id = %s AND r.job_id = %s AND r.item ? 'maximumStock' AND part NOT IN ('', 'ref:')
    AND r.state IN ('accepted', 'unconfirmed', 'confirmed', 'contradicted')
ORDER BY part, r.updated_at DESC, r.number DESC
ON CONFLICT (network_id, part) DO UPDATE
    SET maximum = excluded.maximum, job_id = excluded.job_id, "row" = excluded."row", at = excluded.at
    WHERE excluded.at >= kept.at
"""
Asked = tuple[UUID, str, str]  # network, key of the part, its reference


@dataclass(frozen=True, slots=True)
class Maximum:
    """A maximum, and the row of the job that set it last."""

    quantity: Decimal
    job_id: UUID
    row: int
    at: datetime


def maxima_of(asked: Sequence[Asked]) -> dict[tuple[UUID, str], Maximum]:
    """Return the maximum of each part that has one, by network and key. Needs the scope."""
    if not asked:
        return {}
    columns = [list(column) for column in zip(*asked, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT network_id, part, maximum #>> '{}', job_id, row, at"
            " FROM portal_part_maxima(%s::uuid[], %s::text[], %s::text[])",
            columns,
        )
        return {
            (network_id, part): Maximum(Decimal(quantity), job_id, row, at)
            for network_id, part, quantity, job_id, row, at in cursor.fetchall()
            if quantity is not None  # null: it was cleared
        }
