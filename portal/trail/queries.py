"""Reads the audit trail, newest first; row-level security leaves out what the reader may not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.lib.periods import PRESETS, moments_of, read_date
from portal.trail.actions import ACTIONS
from portal.trail.models import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilters:
    """What the trail is narrowed to; empty = everything."""

    action: str = ""
    person: str = ""  # a part of the address
    network_id: UUID | None = None
    preset: str = ""
    start: date | None = None
    end: date | None = None
    low: datetime | None = None  # the first moment of these days, and the first after them
    high: datetime | None = None
    problems: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Tell whether some entries may be left out."""
        return bool(self.action or self.person or self.network_id or self.low or self.high)


def read_trail_filters(
    query: Mapping[str, str], *, network_id: UUID | None, zone: ZoneInfo, now: datetime
) -> TrailFilters:
    """Return what an address asks for, the days being those of `zone`; what makes no sense is left out."""
    problems: list[str] = []
    start, end = (read_date(query.get(name, ""), problems) for name in ("from", "to"))
    if start and end and end < start:
        start, end = end, start
    preset = query.get("period", "")
    preset = preset if preset in PRESETS else ""
    low, high = moments_of(preset, start, end, zone=zone, now=now)
    return TrailFilters(
        action=query.get("action", ""), person=query.get("person", ""), network_id=network_id, preset=preset,
        start=start, end=end, low=low, high=high, problems=tuple(problems),
    )  # fmt: skip


def trail_page(filters: TrailFilters, *, before: UUID | None, size: int) -> tuple[list[Entry], UUID | None]:
    """Return one page of the trail, and where the next one begins. Ids are in the order of time."""
    entries = Entry.objects.order_by("-id")
    if filters.action in ACTIONS:
        entries = entries.filter(action=filters.action)
    if filters.person:
        entries = entries.filter(actor__icontains=filters.person[:200].replace("\0", ""))
    if filters.network_id:
        entries = entries.filter(network_id=filters.network_id)
    if filters.low:
        entries = entries.filter(at__gte=filters.low)
    if filters.high:
        entries = entries.filter(at__lt=filters.high)
    if before:
        entries = entries.filter(id__lt=before)
    page = list(entries[: size + 1])
    return page[:size], page[size - 1].id if len(page) > size else None
