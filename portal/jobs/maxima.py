"""Up to how many of a part are to be kept, as far as jobs of ours have set it and Mobility Work has accepted that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

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
