"""Lists the parts that are out of stock or below their minimum, the oldest first, with what to order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.explore.stock.filters import StockFilters
from portal.explore.stock.parts import COLUMNS, SUBJECT, StockRow, load_parts
from portal.jobs.maxima import Maximum, maxima_of
from portal.lib.keyset import pack, unpack
from portal.lib.statements import each_row
from portal.networks.models import Network

PAGE_SIZE = 50
LowKey = tuple[UUID, str, datetime]  # network, part, since when it is low
# What is shown, since when it counts, and which parts have that.
KINDS: dict[str, tuple[str | Promise, str, str]] = {
    "low": (
        _("All of them"),
        "LEAST(p.out_since, p.below_since)",
        "(p.out_since IS NOT NULL OR p.below_since IS NOT NULL)",
    ),
    "out": (_("Out of stock"), "p.out_since", "p.out_since IS NOT NULL"),
    "below": (_("Below minimum"), "p.below_since", "p.below_since IS NOT NULL"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LowFilters:
    """A view of what needs to be ordered."""

    network: str = ""
    kind: str = "low"

    def parameters(self) -> list[tuple[str, str]]:
        """Return the address's parameters of this view."""
        pairs = [("network", self.network), ("kind", self.kind if self.kind != "low" else "")]
        return [(name, value) for name, value in pairs if value]

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())

    def without(self, **changes: Any) -> str:
        """Return the address's parameters with some of them changed."""
        return replace(self, **changes).query_string()


def read_low_filters(data: Mapping[str, str]) -> LowFilters:
    """Read the parameters of an address."""
    kind = data.get("kind", "")
    return LowFilters(network=data.get("network", "")[:60], kind=kind if kind in KINDS else "low")


@dataclass(frozen=True, slots=True)
class LowRow:
    """A part that needs to be ordered."""

    row: StockRow
    since: datetime
    maximum: Maximum | None

    @property
    def order(self) -> Decimal | None:
        """Return how many to order: up to the maximum, or else what is missing to the minimum; None if unknown."""
        if self.row.level is None:
            return None
        wanted = self.maximum.quantity if self.maximum else self.row.minimum
        return None if wanted is None else max(wanted - self.row.level, Decimal(0))

    def days(self, now: datetime) -> int:
        """Return for how many whole days it has been so."""
        return max((now - self.since).days, 0)


@dataclass(frozen=True, slots=True)
class LowPage:
    """One page, the oldest first; `next` is None where there is nothing further."""

    rows: list[LowRow]
    next: str | None


def low_page(networks: Sequence[Network], filters: LowFilters, *, after: str = "", size: int = PAGE_SIZE) -> LowPage:
    """Return one page. Needs the scope."""
    found = _scan([network.id for network in networks], filters, after, size + 1)
    more, found = len(found) > size, found[:size]
    rows = _with_maxima(found)
    last = rows[-1] if more else None
    return LowPage(rows, pack(last.since.isoformat(), last.row.part, str(last.row.network_id)) if last else None)


def low_keys(networks: Sequence[Network], filters: LowFilters) -> Iterator[LowKey]:
    """Yield every part of a view in its order, all as of one moment. Needs the scope."""
    _words, since, condition = KINDS[filters.kind]
    sql = f"""SELECT p.network_id, p.part, {since} FROM stock_part p WHERE p.network_id = ANY (%s) AND {condition}
        ORDER BY {since}, p.part, p.network_id"""  # noqa: S608 - fixed parts only
    yield from each_row(sql, [[network.id for network in networks]])


def load_low(keys: Sequence[LowKey]) -> list[LowRow]:
    """Return parts in the order given, as they are now: of one that has enough again nothing is to be ordered."""
    rows = load_parts([(network_id, part) for network_id, part, _since in keys], StockFilters(), zone=ZoneInfo("UTC"))
    since = {(network_id, part): moment for network_id, part, moment in keys}
    return _with_maxima([(since[row.network_id, row.part], row) for row in rows])


def _with_maxima(found: Sequence[tuple[datetime, StockRow]]) -> list[LowRow]:
    maxima = maxima_of([(row.network_id, row.part, row.reference) for _since, row in found])
    return [LowRow(row, since, maxima.get((row.network_id, row.part))) for since, row in found]


def _scan(ids: Sequence[UUID], filters: LowFilters, after: str, limit: int) -> list[tuple[datetime, StockRow]]:
    _words, since, condition = KINDS[filters.kind]
    conditions, beyond = ["p.network_id = n.id", condition], [True] * len(ids)
    values: list[Any] = []
    if place := _place(after):
        moment, part, network_id = place
        conditions += [f"({since}, p.part) >= (%s, %s)", f"NOT (({since}, p.part) = (%s, %s) AND NOT n.beyond)"]
        values += [moment, part] * 2
        beyond = [one > network_id for one in ids]
    sql = f"""SELECT m.* FROM unnest(%s::uuid[], %s::boolean[]) n(id, beyond) CROSS JOIN LATERAL (
        SELECT {since} AS since, {COLUMNS}, NULL::numeric AS here FROM stock_part p LEFT JOIN {SUBJECT}
        WHERE {" AND ".join(conditions)} ORDER BY {since}, p.part LIMIT %s) m
        ORDER BY m.since, m.part, m.network_id LIMIT %s"""  # noqa: S608 - fixed parts only
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), beyond, *values, limit, limit])
        return [(moment, StockRow(*rest)) for moment, *rest in cursor.fetchall()]


def _place(text: str) -> tuple[datetime, str, UUID] | None:
    found = unpack(text, 3)
    if found is None:
        return None
    since, part, network = (value or "" for value in found)
    try:
        return datetime.fromisoformat(since), part, UUID(network)
    except ValueError:
        return None
