"""Reads lists of parts: keyset pages merged over networks, in any order, at a cost that follows the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.mobility_work.ordering import lower_bound
from portal.explore.stock import past
from portal.explore.stock.filters import StockFilters
from portal.lib.keyset import pack, unpack
from portal.lib.statements import each_row
from portal.networks.models import Network
from portal.stock.moment import known_at
from portal.timeline.folding import fold_name

PAGE_SIZE = 50
AT_ONCE = 1_000  # rows of a list that is taken as a whole
COUNT_CAP = 1_000
VALUES = {"name": "s.folded", "level": "p.level", "as_of": "p.as_of", "moved": "p.moved_at"}
COLUMNS = """p.network_id, p.part, coalesce(s.label, '') AS label, coalesce(s.reference, '') AS reference, p.level,
    p.as_of, p.confidence, p.doubtful_since, p.minimum, p.out_since, p.below_since, p.moved_at, p.consumed_at,
    p.position, p.places, '' AS told_by"""
SUBJECT = "timeline_subject s ON s.network_id = p.network_id AND s.kind = 'part' AND s.key = p.part"
# Names are found and put in order first: how many fit a word the planner cannot know, and it would look up all of them.
FOUND = """(
    SELECT * FROM timeline_subject f WHERE f.network_id = n.id AND f.kind = 'part' AND f.folded LIKE ALL (%s)
    ORDER BY f.folded, f.key OFFSET 0
) s JOIN stock_part p ON p.network_id = n.id AND p.part = s.key"""
AT_LOCATION = "stock_level l ON l.network_id = p.network_id AND l.part = p.part AND l.location = %s"

LEVEL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")  # as a cursor has it


@dataclass(frozen=True, slots=True)
class StockRow:
    """One part of one network, and what is known of its stock."""

    network_id: UUID
    part: str
    label: str
    reference: str
    level: Decimal | None
    as_of: datetime | None
    confidence: str
    doubtful_since: datetime | None
    minimum: Decimal | None
    out_since: datetime | None
    below_since: datetime | None
    moved_at: datetime | None
    consumed_at: datetime | None
    position: int | None
    places: int
    told_by: str  # the kind of entry that told the level, of a list of the past
    here: Decimal | None  # its level at the location that the list is narrowed to

    @property
    def name(self) -> str:
        """Return what to call it: a part that no event has named goes by its key."""
        return self.label or self.part.partition(":")[2]


@dataclass(frozen=True, slots=True)
class StockPage:
    """One page of a list; `next` is None where there is nothing further."""

    rows: list[StockRow]
    next: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after this row. `value` is None among the rows that come last, for it is not known."""

    value: str | None
    part: str
    network_id: UUID


def stock_page(
    networks: Sequence[Network],
    filters: StockFilters,
    *,
    now: datetime,
    zone: ZoneInfo,
    after: str = "",
    size: int = PAGE_SIZE,
) -> StockPage:
    """Return one page. `after` is a cursor of an earlier page; moments of the past are those of `zone`.

    Needs the scope.
    """
    view = _view(networks, filters, now, zone)
    found = _find(view, _place(after, filters), size + 1)
    rows = [row for _value, row in found[:size]]
    if until := filters.moment(zone):
        rows = _as_they_stood(rows, until, location=filters.location)
    return StockPage(rows, _cursor(*found[size - 1]) if len(found) > size else None)


def all_parts(
    networks: Sequence[Network], filters: StockFilters, *, now: datetime, zone: ZoneInfo
) -> Iterator[StockRow]:
    """Yield every row of a list in its order, a piece at a time. Needs the scope."""
    keys = list(part_keys(networks, filters, now=now, zone=zone))
    for start in range(0, len(keys), AT_ONCE):
        yield from load_parts(keys[start : start + AT_ONCE], filters, zone=zone)


def part_keys(
    networks: Sequence[Network], filters: StockFilters, *, now: datetime, zone: ZoneInfo
) -> Iterator[tuple[UUID, str]]:
    """Yield network and key of every part of a list in its order, all as of one moment. Needs the scope.

    A part moves in its list with each of its movements: pages that follow each other would leave it out.
    """
    source, values = _matching(_view(networks, filters, now, zone), by_name=filters.sort == "name")
    value, direction = VALUES[filters.sort], "DESC" if filters.descending else "ASC"
    order = f"{value} {direction} NULLS LAST, p.part {direction}, p.network_id {direction}"
    yield from each_row(f"SELECT p.network_id, p.part FROM {source} ORDER BY {order}", values)  # noqa: S608 - fixed parts


def load_parts(keys: Sequence[tuple[UUID, str]], filters: StockFilters, *, zone: ZoneInfo) -> list[StockRow]:
    """Return parts in the order given, as a list with these filters shows them. Needs the scope."""
    until = filters.moment(zone)
    columns, last_entry = (past.COLUMNS, past.LAST_ENTRY) if until else (COLUMNS, "")
    here = "l.level" if filters.location and not until else "NULL::numeric"
    values: list[Any] = [list(column) for column in zip(*keys, strict=True)] if keys else [[], []]
    values += [filters.location] if filters.location else []
    values += [lower_bound(until)] if until else []
    sql = f"""SELECT {columns}, {here} AS here
        FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY k(network_id, part, number)
        JOIN stock_part p ON p.network_id = k.network_id AND p.part = k.part LEFT JOIN {SUBJECT}
        {f"LEFT JOIN {AT_LOCATION}" if filters.location else ""} {last_entry}
        ORDER BY k.number"""  # noqa: S608 - fixed parts only
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = [StockRow(*row) for row in cursor.fetchall()]
    return _as_they_stood(rows, until, location=filters.location) if until else rows


def count_parts(networks: Sequence[Network], filters: StockFilters, *, now: datetime, zone: ZoneInfo) -> int:
    """Return how many rows a list has, at most one more than `COUNT_CAP`. Needs the scope."""
    source, values = _matching(_view(networks, filters, now, zone))
    with connection.cursor() as cursor:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {COUNT_CAP + 1}) c"  # noqa: S608 - fixed parts only
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: networks, filters, and the bound of a moment of the past, None for now."""

    ids: list[UUID]
    filters: StockFilters
    now: datetime
    bound: bytes | None


def _view(networks: Sequence[Network], filters: StockFilters, now: datetime, zone: ZoneInfo) -> View:
    ids, until = [network.id for network in networks], filters.moment(zone)
    bound = lower_bound(until) if until else None
    return View(past.begun(ids, bound) if bound else ids, filters, now, bound)


def _matching(view: View, *, by_name: bool = False) -> tuple[str, list[Any]]:
    """Return what selects the parts of a view, behind FROM, with its values; `by_name` joins their names."""
    filters = view.filters
    conditions, values = _conditions(filters, view.now)
    join = f"{'JOIN' if filters.query else 'LEFT JOIN'} {SUBJECT}" if filters.query or by_name else ""
    join += f" JOIN {AT_LOCATION}" if filters.location else ""
    join += past.LAST_ENTRY if view.bound else ""
    first: list[Any] = [filters.location] if filters.location else []
    first += [view.bound] if view.bound else []
    where = " AND ".join(["p.network_id = ANY (%s)", *conditions])
    return f"stock_part p {join} WHERE {where}", [*first, view.ids, *values]


def _find(view: View, place: Place | None, limit: int) -> list[tuple[str | None, StockRow]]:
    """Return the next rows with their sort values: first those whose value is known, then the others."""
    found: list[tuple[str | None, StockRow]] = []
    if place is None or place.value is not None:
        found = _scan(view, place, limit, is_known=True)
    # A part without a name has none that could fit what was typed.
    if len(found) < limit and not view.filters.query:
        rest = place if place is not None and place.value is None else None
        found += _scan(view, rest, limit - len(found), is_known=False)
    return found


def _scan(view: View, place: Place | None, limit: int, *, is_known: bool) -> list[tuple[str | None, StockRow]]:
    """Return rows after a place. One index scan per network, whose heads are merged."""
    ids, filters = view.ids, view.filters
    value = VALUES[filters.sort]
    direction, further = ("DESC", "<=") if filters.descending else ("ASC", ">=")
    conditions, values = _conditions(filters, view.now)
    conditions.insert(0, "p.network_id = n.id")
    conditions.append(f"{value} IS NOT NULL" if is_known else f"{value} IS NULL")
    if place is not None:
        # Rows are ordered by value, part and network: of one value and part, networks on the far side come after.
        key, marks = (f"({value}, p.part)", "(%s, %s)") if is_known else ("p.part", "%s")
        at = [place.value, place.part] if is_known else [place.part]
        conditions += [f"{key} {further} {marks}", f"NOT ({key} = {marks} AND NOT n.beyond)"]
        values += [*at, *at]
    join = "JOIN" if filters.sort == "name" and is_known else "LEFT JOIN"
    columns, here, last_entry = COLUMNS, "l.level", ""
    first: list[Any] = []
    if view.bound:
        columns, here, last_entry = past.COLUMNS, "NULL::numeric", past.LAST_ENTRY
    at_location = f"JOIN {AT_LOCATION}" if filters.location else ""
    here = here if filters.location else "NULL::numeric"
    source = f"stock_part p {join} {SUBJECT}"
    if filters.query and filters.sort == "name":
        source = FOUND
        first.append(_patterns(filters.query))
    first += [filters.location] if filters.location else []
    first += [view.bound] if view.bound else []
    order = f"{value} {direction}, p.part {direction}" if is_known else f"p.part {direction}"
    outer = f"m.value {direction}, m.part {direction}" if is_known else f"m.part {direction}"
    sql = f"""SELECT m.* FROM unnest(%s::uuid[], %s::boolean[]) n(id, beyond) CROSS JOIN LATERAL (
        SELECT {value}::text AS cursor_value, {columns}, {here} AS here, {value} AS value
        FROM {source} {at_location} {last_entry}
        WHERE {" AND ".join(conditions)} ORDER BY {order} LIMIT %s) m
        ORDER BY {outer}, m.network_id {direction} LIMIT %s"""  # noqa: S608 - fixed parts only
    beyond = [
        place is None or (one < place.network_id if filters.descending else one > place.network_id) for one in ids
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, beyond, *first, *values, limit, limit])
        return [(text, StockRow(*rest)) for text, *rest, _value in cursor.fetchall()]


def _as_they_stood(rows: Sequence[StockRow], until: datetime, *, location: str) -> list[StockRow]:
    """Return rows of the past with what is known of each as of the moment."""
    then = known_at([(row.network_id, row.part) for row in rows], until)
    made = []
    for row in rows:
        known = then[row.network_id, row.part]
        standing, state = known.of_part(), known.state
        made.append(
            replace(
                row,
                level=standing.level,
                confidence=standing.confidence.value,
                doubtful_since=standing.since,
                minimum=state.minimum,
                out_since=known.low.out_since,
                below_since=known.low.below_since,
                moved_at=state.moved_at,
                consumed_at=state.consumed_at,
                places=len(state.places),
                here=known.of_place(location).level if location else None,
            )
        )
    return made


def _conditions(filters: StockFilters, now: datetime) -> tuple[list[str], list[Any]]:
    """Return what the filters ask of a part, and the values for it."""
    conditions: list[str] = []
    values: list[Any] = []
    if filters.query:
        conditions.append("s.folded LIKE ALL (%s)")
        values.append(_patterns(filters.query))
    if filters.low:
        asked = {"out": "p.out_since IS NOT NULL", "below": "p.below_since IS NOT NULL"}
        asked["low"] = f"({asked['out']} OR {asked['below']})"
        conditions.append(asked[filters.low])
    if filters.confidence:
        conditions.append("p.confidence = %s")
        values.append(filters.confidence)
    if filters.idle:
        conditions.append("(p.moved_at < %s OR p.moved_at IS NULL)")
        values.append(now - timedelta(days=filters.idle))
    return conditions, values


def _patterns(query: str) -> list[str]:
    """Return what a name must be like: every word somewhere in it, as it stands."""
    words = fold_name(query).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").split()
    return [f"%{word}%" for word in words]


def _cursor(value: str | None, row: StockRow) -> str:
    return pack(value, row.part, str(row.network_id))


def _place(text: str, filters: StockFilters) -> Place | None:
    """Return the row after which a page begins, None at the beginning or where the cursor makes no sense."""
    found = unpack(text, 3)
    if found is None:
        return None
    value, part, network = found
    try:
        place = Place(value, part or "", UUID(network or ""))
        if value is not None and filters.sort == "level":
            if not LEVEL.fullmatch(value):
                return None
        elif value is not None and filters.sort in {"as_of", "moved"}:
            place = replace(place, value=datetime.fromisoformat(value).isoformat())
    except ValueError:
        return None
    return place
