"""Reads the timeline: keyset pages merged over networks, at a cost that does not grow with the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.mobility_work.terms import search_terms
from portal.networks.models import Network
from portal.timeline.filters import Filters
from portal.timeline.models import Reading

PAGE_SIZE = 50
COUNT_CAP = 100
KEY = 27  # bytes of an order key


@dataclass(frozen=True, slots=True)
class Span:
    """The order keys of one network from `low` on and below `high`."""

    network_id: UUID
    low: bytes
    high: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a timeline; cursors are None where there is nothing further."""

    readings: list[Reading]
    newer: str | None
    older: str | None


def timeline_page(
    networks: Sequence[Network],
    filters: Filters,
    *,
    zone: ZoneInfo,
    now: datetime,
    before: str = "",
    after: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """Return one page, newest first. `before` and `after` are cursors: see `_cursor`. Needs the scope."""
    ids = [network.id for network in networks]
    newest_first = not _place(after)
    spans = _spans(ids, filters.bounds(zone, now), before=_place(before) if newest_first else b"", after=_place(after))
    found = _find(spans, filters, newest_first, size + 1)
    more, found = len(found) > size, found[:size]
    if not newest_first:
        found.reverse()
    readings = _load(found)
    newer: str | None = None
    older: str | None = None
    if readings:
        first, last = _cursor(readings[0]), _cursor(readings[-1])
        newer = first if (before if newest_first else more) else None
        older = last if (more if newest_first else True) else None
    return Page(readings, newer, older)


def neighbours(
    networks: Sequence[Network], filters: Filters, reading: Reading, *, zone: ZoneInfo, now: datetime
) -> tuple[Reading | None, Reading | None]:
    """Return the next newer and next older event in the same view."""
    ids = [network.id for network in networks]
    bounds, place = filters.bounds(zone, now), _place(_cursor(reading))
    newer = _load(_find(_spans(ids, bounds, after=place), filters, False, 1))
    older = _load(_find(_spans(ids, bounds, before=place), filters, True, 1))
    return (newer[0] if newer else None), (older[0] if older else None)


def count_new(
    networks: Sequence[Network], filters: Filters, since: dict[UUID, int], *, zone: ZoneInfo, now: datetime
) -> int:
    """Return how many events of a view were recorded after the given positions, at most `COUNT_CAP`."""
    low, high = filters.bounds(zone, now)
    total = 0
    words = set(search_terms(filters.query))
    for network in networks:
        fresh = Reading.objects.filter(
            network_id=network.id, position__gt=since.get(network.id, 0), order_key__gte=low, order_key__lt=high
        )
        if filters.types:
            fresh = fresh.filter(type__in=filters.types)
        if filters.flag:
            fresh = fresh.filter(flags__contains=[filters.flag])
        if filters.key or words:
            positions = list(fresh.order_by("position").values_list("position", flat=True)[: COUNT_CAP * 5])
            matching = _find([Span(network.id, low, high)], filters, True, COUNT_CAP) if positions else []
            total += len({position for _, position in matching} & set(positions))
        else:
            total += len(fresh.order_by("position").values_list("position", flat=True)[:COUNT_CAP])
        if total >= COUNT_CAP:
            return COUNT_CAP
    return total


def last_positions(networks: Sequence[Network]) -> dict[UUID, int]:
    """Return each network's newest position, by one index look-up each."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT n.id, r.position FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (
                SELECT position FROM timeline_reading r WHERE r.network_id = n.id ORDER BY position DESC LIMIT 1) r""",
            [[network.id for network in networks]],
        )
        return dict(cursor.fetchall())


def known_since(networks: Sequence[Network]) -> datetime | None:
    """Return the time from which on events of all these networks are known; of none where nothing has arrived yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT max(r.occurred_at) FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (SELECT occurred_at
                FROM timeline_reading r WHERE r.network_id = n.id ORDER BY r.order_key LIMIT 1) r""",
            [[network.id for network in networks]],
        )
        ((found,),) = cursor.fetchall()
    return found if isinstance(found, datetime) else None


def _cursor(reading: Reading) -> str:
    """Return a reading's place in a timeline over several networks: its order key and its network, in hex."""
    return (bytes(reading.order_key) + reading.network_id.bytes).hex()


def _place(cursor: str) -> bytes:
    """Return a cursor as bytes; b"" where somebody changed it by hand."""
    try:
        place = bytes.fromhex(cursor)
    except ValueError:
        return b""
    return place if len(place) in {KEY, KEY + 16} else b""


def _spans(ids: Sequence[UUID], bounds: tuple[bytes, bytes], *, before: bytes = b"", after: bytes = b"") -> list[Span]:
    """Return the order keys of each network that lie within bounds and before or after a place.

    Events are ordered by order key, then by network: two networks may hold the same body of the same moment.
    """
    low, high = bounds
    spans: list[Span] = []
    for network_id in ids:
        first, end = low, high
        if before:
            key, network = before[:KEY], before[KEY:]
            end = min(end, key + b"\0" if network_id.bytes < network else key)
        if after:
            key, network = after[:KEY], after[KEY:]
            first = max(first, key if network_id.bytes > network else key + b"\0")
        if first < end:
            spans.append(Span(network_id, first, end))
    return spans


def _find(spans: Sequence[Span], filters: Filters, newest_first: bool, limit: int) -> list[tuple[UUID, int]]:
    """Return network and position of the events of a view within the spans, in order."""
    if not spans:
        return []
    words = search_terms(filters.query)
    if filters.query and not words:
        return []
    if words:
        query = " & ".join("'" + word.replace("'", "''").replace("\\", "\\\\") + "':*" for word in words)
        sql = """SELECT * FROM portal_search_events(
            %s::uuid[], %s::bytea[], %s::bytea[], %s, %s::text[], %s, %s, %s, %s, %s)"""
        values: list[Any] = [*_columns(spans), query, list(filters.types) or None, filters.flag or None]
        values += [filters.kind or None, filters.key or None, newest_first, limit]
    else:
        sql, values = _plain(spans, filters, newest_first, limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _columns(spans: Sequence[Span]) -> list[list[Any]]:
    return [[span.network_id for span in spans], [span.low for span in spans], [span.high for span in spans]]


def _plain(spans: Sequence[Span], filters: Filters, newest_first: bool, limit: int) -> tuple[str, list[Any]]:
    """Return the keyset scan per network (and per type) whose heads are merged: an index serves each of them."""
    direction = "DESC" if newest_first else "ASC"
    conditions = ["r.network_id = n.id", "r.order_key >= n.low", "r.order_key < n.high"]
    values: list[Any] = []
    source, types = "timeline_reading r", ""
    head: list[Any] = _columns(spans)
    if filters.key:
        source = (
            "timeline_eventsubject r JOIN timeline_reading x ON x.network_id = r.network_id AND x.position = r.position"
        )
        conditions += ["r.kind = %s", "r.key = %s"]
        values += [filters.kind, filters.key]
        if filters.types:
            conditions.append("x.type = ANY (%s)")
            values.append(list(filters.types))
    elif filters.types:
        types = "CROSS JOIN unnest(%s::text[]) t(name)"
        head.append(list(filters.types))
        conditions.append("r.type = t.name")
    reading = "x" if filters.key else "r"
    if filters.flag in {"verified", "unverified"}:
        # The column, which has an index; a stale signature is verified too, but wears another badge.
        conditions.append(f"{reading}.verified = {'true' if filters.flag == 'verified' else 'false'}")
    if filters.flag and filters.flag != "unverified":
        # As the condition of the badge's index reads (migration 0002).
        conditions.append(f"{reading}.flags @> ARRAY[%s]::varchar[]")
        values.append(filters.flag)
    sql = f"""SELECT m.network_id, m.position FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) n(id, low, high)
        {types} CROSS JOIN LATERAL (
        SELECT r.network_id, r.position, r.order_key FROM {source} WHERE {" AND ".join(conditions)}
        ORDER BY r.order_key {direction} LIMIT %s) m
        ORDER BY m.order_key {direction}, m.network_id {direction} LIMIT %s"""  # noqa: S608 - fixed parts only
    return sql, [*head, *values, limit, limit]


def _load(found: Sequence[tuple[UUID, int]]) -> list[Reading]:
    """Return the readings in the order found."""
    wanted: dict[UUID, list[int]] = {}
    for network_id, position in found:
        wanted.setdefault(network_id, []).append(position)
    loaded = {
        (reading.network_id, reading.position): reading
        for network_id, positions in wanted.items()
        for reading in Reading.objects.filter(network_id=network_id, position__in=positions).defer("terms")
    }
    return [loaded[place] for place in found if place in loaded]
