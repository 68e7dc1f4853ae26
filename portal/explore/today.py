"""What happened today: how many events of each type, and how many on each network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.mobility_work.events import TABLE
from integrations.mobility_work.ordering import lower_bound
from portal.explore.signals import MOST, capped
from portal.networks.models import Network

BY_TYPE = """
SELECT t.name, (SELECT count(*) FROM (SELECT FROM timeline_reading r WHERE r.network_id = %(network)s
    AND r.type = t.name AND r.order_key >= %(low)s AND r.order_key < %(high)s LIMIT %(limit)s) counted)
FROM unnest(%(types)s::text[]) t(name)
"""
BY_NETWORK = """
SELECT n.id, (SELECT count(*) FROM (SELECT FROM timeline_reading r WHERE r.network_id = n.id
    AND r.order_key >= n.low AND r.order_key < n.high LIMIT %(limit)s) counted)
FROM unnest(%(networks)s::uuid[], %(lows)s::bytea[], %(highs)s::bytea[]) n(id, low, high)
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One event type and how many events of it occurred today, counted up to `MOST`."""

    name: str
    label: str
    icon: str
    count: int

    @property
    def text(self) -> str:
        return capped(min(self.count, MOST), is_more=self.count > MOST)


def kinds_today(network: Network, *, now: datetime) -> list[Kind]:
    """Return today's events by type, the most first; the day is the network's. Needs the scope."""
    low, high = _day(ZoneInfo(network.time_zone), now)
    values: dict[str, Any] = {"network": network.id, "types": [entry.name for entry in TABLE], "low": low, "high": high}
    with connection.cursor() as cursor:
        cursor.execute(BY_TYPE, values | {"limit": MOST + 1})
        counts = dict(cursor.fetchall())
    kinds = [Kind(entry.name, entry.label, entry.icon, counts[entry.name]) for entry in TABLE]
    return sorted((kind for kind in kinds if kind.count), key=lambda kind: -kind.count)


def events_today(networks: Sequence[Network], *, zone: ZoneInfo, now: datetime) -> dict[UUID, int]:
    """Return how many events occurred today on each network, counted up to one more than `MOST`. Needs the scope."""
    low, high = _day(zone, now)
    values: dict[str, Any] = {
        "networks": [network.id for network in networks],
        "lows": [low] * len(networks),
        "highs": [high] * len(networks),
        "limit": MOST + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_NETWORK, values)
        return dict(cursor.fetchall())


def _day(zone: ZoneInfo, now: datetime) -> tuple[bytes, bytes]:
    """Return the order keys between which the events of today lie."""
    today = now.astimezone(zone).date()
    return (
        lower_bound(datetime.combine(today, time.min, zone)),
        lower_bound(datetime.combine(today + timedelta(days=1), time.min, zone)),
    )
