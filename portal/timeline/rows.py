"""Prepares readings for display: sentence, icon, badges and day, so that templates only lay them out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from integrations.mobility_work.events import EVENT_TYPES
from portal.networks.models import Network
from portal.timeline.filters import FLAGS
from portal.timeline.models import Reading
from portal.timeline.sentences import sentence_html


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a timeline."""

    reading: Reading
    network: Network
    sentence: SafeString
    label: str
    icon: str
    state: str
    badges: list[dict[str, Any]]
    url: str
    local: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day."""

    date: date
    rows: list[Row]


def row_of(reading: Reading, network: Network, *, zone: ZoneInfo, query: str = "") -> Row:
    """Return a reading as a line; `query` keeps the view that the reader came from."""
    entry = EVENT_TYPES.get(reading.type)
    url = reverse("event", args=[network.slug, reading.position])
    return Row(
        reading=reading,
        network=network,
        sentence=sentence_html(reading, network.slug),
        label=gettext(entry.label) if entry else reading.type or gettext("Unreadable"),
        icon=entry.icon if entry else "question-mark",
        state=entry.state if entry else "warn",
        badges=[
            {"word": FLAGS[flag][0], "state": FLAGS[flag][1], "icon": FLAGS[flag][2]}
            for flag in reading.flags
            if flag in FLAGS
        ],
        url=f"{url}?{query}" if query else url,
        local=timezone.localtime(reading.occurred_at, zone),
        zone=zone.key,
    )


def days_of(
    readings: Iterable[Reading], networks: dict[UUID, Network], *, zone: ZoneInfo, query: str = ""
) -> list[Day]:
    """Return readings grouped by the day of `zone`, in their order."""
    days: list[Day] = []
    for reading in readings:
        row = row_of(reading, networks[reading.network_id], zone=zone, query=query)
        if not days or days[-1].date != row.local.date():
            days.append(Day(row.local.date(), []))
        days[-1].rows.append(row)
    return days
