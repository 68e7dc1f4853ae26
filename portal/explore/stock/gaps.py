"""Lists gaps: stock that changed without an event that we have, over one or several networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.explore.stock.ledger import GapLine, gap_line, moment_before
from portal.explore.stock.names import names_of
from portal.lib.keyset import pack, unpack
from portal.networks.models import Network
from portal.stock.models import Gap

PAGE_SIZE = 50
AT_ONCE = 500
STATES: dict[str, tuple[str | Promise, str]] = {
    "open": (_("Open"), "g.closed_by IS NULL"),
    "closed": (_("Filled by a late event"), "g.closed_by IS NOT NULL"),
    "all": (_("All of them"), "true"),
}
SCAN = """
SELECT m.* FROM unnest(%s::uuid[], %s::boolean[]) n(id, beyond) CROSS JOIN LATERAL (
    SELECT g.network_id, g.part, g.location, g.order_key, g.position, g.before, g.after, g.since, g.until, g.closed_by
    FROM stock_gap g WHERE g.network_id = n.id AND {conditions}
    ORDER BY g.until DESC, g.order_key DESC, g.part DESC, g.location DESC LIMIT %s
) m ORDER BY m.until DESC, m.order_key DESC, m.part DESC, m.location DESC, m.network_id DESC LIMIT %s
"""
# The event of the same part (and location) at the moment after which nothing was heard of it.
BEFORE = """
SELECT t.number, e.position FROM unnest(%s::int[], %s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::bytea[])
    AS t (number, network_id, part, location, low, high)
CROSS JOIN LATERAL (
    SELECT position FROM stock_entry e WHERE e.network_id = t.network_id AND e.part = t.part
        AND e.order_key >= t.low AND e.order_key < t.high AND e.position IS NOT NULL
        AND (t.location = '' OR e.location = t.location)
    ORDER BY e.order_key DESC LIMIT 1
) e
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFilters:
    """A view of the gaps."""

    network: str = ""
    state: str = "open"
    part: str = ""  # key; means something in one network only

    def parameters(self) -> list[tuple[str, str]]:
        """Return the address's parameters of this view."""
        state = self.state if self.state != "open" else ""
        pairs = [("network", self.network), ("state", state), ("part", self.part)]
        return [(name, value) for name, value in pairs if value]

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())

    def without(self, **changes: Any) -> str:
        """Return the address's parameters with some of them changed."""
        return replace(self, **changes).query_string()


def read_gap_filters(data: Mapping[str, str]) -> GapFilters:
    """Read the parameters of an address."""
    network, state = data.get("network", "")[:60], data.get("state", "")
    part = data.get("part", "")[:210].replace("\0", "") if network else ""
    return GapFilters(network=network, state=state if state in STATES else "open", part=part)


@dataclass(frozen=True, slots=True)
class GapPage:
    """One page of gaps, the latest first; `next` is None where there is nothing further."""

    lines: list[tuple[Network, GapLine]]
    next: str | None


def gap_page(networks: Sequence[Network], filters: GapFilters, *, after: str = "", size: int = PAGE_SIZE) -> GapPage:
    """Return one page. Needs the scope."""
    gaps = _scan([network.id for network in networks], filters, after, size + 1)
    more, gaps = len(gaps) > size, gaps[:size]
    by_id = {network.id: network for network in networks}
    places = _events_before(gaps)
    things = [(gap.network_id, "part", gap.part) for gap in gaps]
    things += [(gap.network_id, "location", gap.location) for gap in gaps if gap.location]
    names = names_of(networks, things)
    lines = [
        (by_id[gap.network_id], gap_line(by_id[gap.network_id], gap, names, before=places.get(number)))
        for number, gap in enumerate(gaps)
    ]
    return GapPage(lines, _cursor(gaps[-1]) if more else None)


def all_gaps(networks: Sequence[Network], filters: GapFilters) -> Iterator[tuple[Network, GapLine]]:
    """Yield every gap of a view in its order, a piece at a time. Needs the scope."""
    after = ""
    while True:
        page = gap_page(networks, filters, after=after, size=AT_ONCE)
        yield from page.lines
        if page.next is None:
            return
        after = page.next


def _scan(ids: Sequence[UUID], filters: GapFilters, after: str, limit: int) -> list[Gap]:
    conditions = [STATES[filters.state][1]]
    values: list[Any] = []
    if filters.part:
        conditions.append("g.part = %s")
        values.append(filters.part)
    beyond = [True] * len(ids)
    if place := _place(after):
        until, key, part, location, network_id = place
        row, marks = "(g.until, g.order_key, g.part, g.location)", "(%s, %s, %s, %s)"
        conditions += [f"{row} <= {marks}", f"NOT ({row} = {marks} AND NOT n.beyond)"]
        values += [until, key, part, location] * 2
        beyond = [one < network_id for one in ids]
    with connection.cursor() as cursor:
        sql = SCAN.format(conditions=" AND ".join(conditions))
        cursor.execute(sql, [list(ids), beyond, *values, limit, limit])
        names = [column.name for column in cursor.description]
        return [Gap(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _events_before(gaps: Sequence[Gap]) -> dict[int, int]:
    """Return the position of the event before each gap, by the gap's place in the list."""
    if not gaps:
        return {}
    bounds = [moment_before(gap.since) for gap in gaps]
    values: list[list[Any]] = [list(range(len(gaps))), [gap.network_id for gap in gaps], [gap.part for gap in gaps]]
    values += [[gap.location for gap in gaps], [low for low, _ in bounds], [high for _, high in bounds]]
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, values)
        return dict(cursor.fetchall())


def _cursor(gap: Gap) -> str:
    return pack(gap.until.isoformat(), bytes(gap.order_key).hex(), gap.part, gap.location, str(gap.network_id))


def _place(text: str) -> tuple[datetime, bytes, str, str, UUID] | None:
    found = unpack(text, 5)
    if found is None:
        return None
    until, key, part, location, network = (value or "" for value in found)
    try:
        return datetime.fromisoformat(until), bytes.fromhex(key), part, location, UUID(network)
    except ValueError:
        return None
