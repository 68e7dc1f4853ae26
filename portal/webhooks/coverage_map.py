"""The coverage map: what each network sends of each event type, and what has gone silent.

Reads days; of the log only the latest event of the types that were never seen live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.mobility_work.events import TABLE
from integrations.spec import EventType
from portal.networks.models import Network
from portal.webhooks.coverage import UTC, zone_of
from portal.webhooks.glance import last_live, received_at
from portal.webhooks.models import CoverageZone
from portal.webhooks.silence import Rules, rules_of

WINDOW = 30  # days
SUMS = """
SELECT c.network_id, c.type, sum(c.deliveries), sum(c.repeats), sum(c.signed), sum(c.released)
FROM unnest(%(networks)s::uuid[], %(since)s::date[]) n(id, since)
JOIN webhooks_coverageday c ON c.network_id = n.id AND c.day >= n.since GROUP BY 1, 2
"""
FIRST_DAY = """
SELECT n.id, f.day FROM unnest(%(networks)s::uuid[]) n(id) CROSS JOIN LATERAL (
    SELECT c.day FROM webhooks_coverageday c WHERE c.network_id = n.id ORDER BY c.day LIMIT 1) f
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One event type of one network. Figures are of the last 30 days."""

    type: EventType
    last_live_at: datetime | None
    last_other_at: datetime | None  # never seen live: when the latest came with loaded history or from the quarantine
    silent_from: datetime | None  # when it counts as silent, if nothing comes until then
    hours: int  # of the rule; 0 = none
    is_silent: bool
    deliveries: int = 0
    repeats: int = 0
    signed: int = 0
    released: int = 0
    days: int = 1

    @property
    def events(self) -> int:
        return self.deliveries - self.repeats

    @property
    def per_day(self) -> float:
        return self.events / self.days

    @property
    def signed_share(self) -> int | None:
        """Return the hundredths of deliveries with a good signature, never rounded up to all of them."""
        return self.signed * 100 // self.deliveries if self.deliveries else None

    @property
    def seen(self) -> Literal["live", "otherwise", "never"]:
        """Tell how the type was seen: `live`, only `otherwise` (loaded history, quarantine), or `never`."""
        if self.last_live_at:
            return "live"
        return "otherwise" if self.last_other_at else "never"

    @property
    def state(self) -> str:
        if self.is_silent:
            return "bad" if self.last_live_at else "warn"
        return "good" if self.last_live_at else "neutral"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one network sends."""

    network: Network
    rules: Rules
    cells: tuple[Cell, ...]
    zone: str  # whose days are counted

    @property
    def silent(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_silent]


def coverage_of(networks: Sequence[Network], *, now: datetime) -> list[Coverage]:
    """Return the map of networks, in a fixed number of queries. Needs the scope."""
    ids = [network.id for network in networks]
    zones = _zones_of(ids)
    todays = {network_id: now.astimezone(ZoneInfo(zone)).date() for network_id, zone in zones.items()}
    values = {"networks": ids, "since": [todays[each] - timedelta(days=WINDOW - 1) for each in ids]}
    sums = {(network_id, name): figures for network_id, name, *figures in _rows(SUMS, values)}
    first = dict(_rows(FIRST_DAY, values))
    found = []
    seen = _last_seen(networks)
    others = received_at(
        [(network.id, entry.name) for network, _, last in seen for entry in TABLE if entry.name not in last]
    )
    for network, rules, last in seen:
        today = todays[network.id]
        days = min(WINDOW, (today - first.get(network.id, today)).days + 1)
        cells = tuple(
            _cell(
                entry,
                last.get(entry.name),
                network,
                rules,
                now,
                days,
                *sums.get((network.id, entry.name), ()),
                other_at=others.get((network.id, entry.name), (None, None))[1],
            )
            for entry in TABLE
        )
        found.append(Coverage(network, rules, cells, zones[network.id]))
    return found


def silences(networks: Sequence[Network], *, now: datetime) -> dict[UUID, list[Cell]]:
    """Return the event types that are silent by a rule of their own network, in two queries. Needs the scope."""
    return {
        network.id: [
            cell for entry in TABLE if (cell := _cell(entry, last.get(entry.name), network, rules, now, 1)).is_silent
        ]
        for network, rules, last in _last_seen(networks)
    }


@dataclass(frozen=True, slots=True)
class Day:
    """What one day brought of all types."""

    day: date
    deliveries: int
    repeats: int
    signed: int
    released: int


def days_of(network: Network, *, now: datetime) -> tuple[list[Day], dict[str, list[int]]]:
    """Return the sums of the last 30 days, the latest first, and the events of each type by day. Needs the scope."""
    today = now.astimezone(ZoneInfo(zone_of(network.id))).date()
    dates = [today - timedelta(days=number) for number in range(WINDOW)]
    index = {day: WINDOW - 1 - number for number, day in enumerate(dates)}
    sums = {day: [0, 0, 0, 0] for day in dates}
    events: dict[str, list[int]] = {entry.name: [0] * WINDOW for entry in TABLE}
    statement = """SELECT type, day, deliveries, repeats, signed, released FROM webhooks_coverageday
        WHERE network_id = %(network)s AND day BETWEEN %(since)s AND %(until)s"""
    for name, day, *figures in _rows(statement, {"network": network.id, "since": dates[-1], "until": today}):
        sums[day] = [have + more for have, more in zip(sums[day], figures, strict=True)]
        if name in events:
            events[name][index[day]] = figures[0] - figures[1]
    return [Day(day, *sums[day]) for day in dates], events


def _zones_of(ids: Sequence[UUID]) -> dict[UUID, str]:
    found = dict(CoverageZone.objects.filter(network_id__in=ids).values_list("network_id", "zone"))
    return {network_id: found.get(network_id, UTC) for network_id in ids}


def _last_seen(networks: Sequence[Network]) -> list[tuple[Network, Rules, dict[str, datetime]]]:
    ids = [network.id for network in networks]
    rules = rules_of(ids)
    last: dict[UUID, dict[str, datetime]] = {network_id: {} for network_id in ids}
    for (network_id, name), at in last_live(ids).items():
        last[network_id][name] = at
    return [(network, rules[network.id], last[network.id]) for network in networks]


def _cell(
    entry: EventType,
    last_at: datetime | None,
    network: Network,
    rules: Rules,
    now: datetime,
    days: int,
    *figures: int,
    other_at: datetime | None = None,
) -> Cell:
    silent_from = rules.silent_since(entry.name, last_at, connected_at=network.connected_at)
    if not network.has_webhooks:
        silent_from = None
    is_silent = silent_from is not None and silent_from <= now
    deliveries, repeats, signed, released = (int(figure) for figure in (figures or (0, 0, 0, 0)))
    return Cell(
        entry,
        last_at,
        other_at,
        silent_from,
        rules.hours_of(entry.name),
        is_silent,
        deliveries,
        repeats,
        signed,
        released,
        days,
    )


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
