"""How each person wants to hear of each kind, and when their digests go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.accounts.models import User
from portal.notifications.kinds import KINDS, TABLE, Mode

DIGEST_HOUR = 7  # by the person's clock
MONDAY = 0
MAILED = frozenset({Mode.NOW, Mode.DAILY, Mode.WEEKLY})


def mode_of(person: User, kind: str) -> Mode:
    """Return how a person hears of a kind."""
    chosen = person.notify.get(kind, "")
    return Mode(chosen) if chosen in Mode.values else KINDS[kind].mode


def set_modes(person: User, modes: Mapping[str, str]) -> None:
    """Keep what differs from what people get who chose nothing."""
    person.notify = {kind.name: modes[kind.name] for kind in TABLE if modes.get(kind.name, kind.mode) != kind.mode}
    person.save(update_fields=["notify"])


def zone_of(person: User) -> ZoneInfo:
    """Return a person's time zone; UTC where it is not known."""
    try:
        return ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def mail_due(person: User, mode: Mode, *, now: datetime) -> datetime | None:
    """Return when the mail about something new goes out; None where none does."""
    if mode == Mode.NOW:
        return now
    if mode not in {Mode.DAILY, Mode.WEEKLY}:
        return None
    zone = zone_of(person)
    day = now.astimezone(zone).date()
    while True:
        due = datetime.combine(day, time(DIGEST_HOUR), zone)
        if due > now and (mode == Mode.DAILY or day.weekday() == MONDAY):
            return due
        day += timedelta(days=1)
