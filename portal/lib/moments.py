"""Writes days and moments as every page and mail writes them: one form for each language."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats


def day_text(day: date) -> str:
    """Return a day, such as "Nov. 25, 2026"."""
    return str(formats.date_format(day, "DATE_FORMAT"))


def minute_text(moment: datetime) -> str:
    """Return a moment to the minute, by its own clock."""
    return f"{day_text(moment)} {moment:%H:%M}"


def zoned_text(moment: datetime, *, seconds: bool = True) -> str:
    """Return a moment with its zone, for where the reader cannot know by whose clock it is."""
    return f"{day_text(moment)} {moment:{'%H:%M:%S' if seconds else '%H:%M'}} {moment.tzname()}"
