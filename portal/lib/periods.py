"""Periods of days as people choose them: by name, or from one day to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Period = Callable[[date], tuple[date, date]]  # from today to its first and last day
FIRST, LAST = date(1970, 1, 1), date(2200, 1, 1)


def _last_days(count: int) -> Period:
    return lambda today: (today - timedelta(days=count - 1), today)


def _this_month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date) -> tuple[date, date]:
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


PRESETS: dict[str, tuple[str | Promise, Period]] = {
    "today": (_("Today"), _last_days(1)),
    "7d": (_("Last 7 days"), _last_days(7)),
    "30d": (_("Last 30 days"), _last_days(30)),
    "90d": (_("Last 90 days"), _last_days(90)),
    "month": (_("This month"), _this_month),
    "last-month": (_("Last month"), _last_month),
}


def read_date(text: str, problems: list[str]) -> date | None:
    """Return a day as it stands in an address; what is no day that can be used is added to `problems`."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        problems.append(text[:40])
        return None
    if not FIRST <= found <= LAST:
        problems.append(text[:40])
        return None
    return found


def moments_of(
    preset: str, start: date | None, end: date | None, *, zone: ZoneInfo, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the first moment of the chosen days and the first after them, days being those of `zone`."""
    if preset:
        start, end = PRESETS[preset][1](now.astimezone(zone).date())
    return (
        datetime.combine(start, time.min, zone) if start else None,
        datetime.combine(end + timedelta(days=1), time.min, zone) if end else None,
    )
