"""Reads dates and times as people type them, in the network's time zone unless an offset is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from integrations.mobility_work.cell_errors import refusal, shown

# The day comes first where there are slashes or dots: 03/04/2026 is the third of April.
MOMENT = re.compile(
    r"(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"|(?P<day_first>[0-9]{1,2})(?P<mark>[/.])(?P<then_month>[0-9]{1,2})(?P=mark)(?P<then_year>[0-9]{4}))"
    r"(?:(?:[Tt]|\s+)(?P<hour>[0-9]{1,2})[:hH](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]{1,6}))?)?"
    r"\s*(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
FIRST_YEAR, LAST_YEAR = 2000, 2099


def has_time(cell: str) -> bool:
    """Say whether a readable moment was typed with a time of day."""
    found = MOMENT.fullmatch(cell)
    return found is not None and found["hour"] is not None


def moment_reader(zone: ZoneInfo, *, end_of_day: bool) -> Callable[[str], datetime]:
    """Return a reader of moments. A date alone is the first moment of the day, or its last second."""

    def moment(cell: str) -> datetime:
        found = MOMENT.fullmatch(cell)
        if found is None:
            raise refusal("moment", value=shown(cell))
        year = int(found["year"] or found["then_year"])
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise refusal("moment_range", year=year, min=FIRST_YEAR, max=LAST_YEAR)
        part = (found["part"] or "").ljust(6, "0")
        try:
            local = datetime(
                year,
                int(found["month"] or found["then_month"]),
                int(found["day"] or found["day_first"]),
                int(found["hour"] or 0),
                int(found["minute"] or 0),
                int(found["second"] or 0),
                int(part),
            )
            if found["offset"]:
                return local.replace(tzinfo=_offset(found["offset"]))
        except ValueError:
            raise refusal("moment", value=shown(cell)) from None
        if found["hour"] is None:
            return _of_day(local, zone, end_of_day=end_of_day)
        return _only_meaning(local, zone)

    return moment


def _offset(text: str) -> timezone:
    """Return an offset; raises ValueError."""
    if text in ("Z", "z"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _of_day(day: datetime, zone: ZoneInfo, *, end_of_day: bool) -> datetime:
    """Return the first moment or the last second of a day, also where clocks change at midnight."""
    if end_of_day:
        return day.replace(hour=23, minute=59, second=59, fold=1, tzinfo=zone)
    return day.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def _only_meaning(local: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time with its offset; one that does not exist, or comes twice, is refused."""
    first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise refusal("no_such_time", value=f"{local:%Y-%m-%d %H:%M}", zone=zone.key)
    raise refusal("ambiguous_time", value=f"{local:%Y-%m-%d %H:%M}", zone=zone.key, offset=f"{first:%z}")
