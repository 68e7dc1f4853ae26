"""Parameters that several routes share, and how their values are read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ninja import Path, Schema
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

DEFAULT, MOST = 100, 500
MOST_POSITION = 2**63 - 1
MAX_KEY = 210
# Times are clamped into these years: nothing lies outside, and no time zone leads over the edge of the calendar.
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)


class Parameters(Schema):
    """What a route takes in its address."""


def one_of(names: Iterable[str]) -> Any:
    """Return the type of a parameter that has one of these values."""
    known = sorted(names)

    def check(value: str) -> str:
        if value not in known:
            message = f"“{value[:60]}” is none of {', '.join(known)}"
            raise ValueError(message)
        return value

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "enum": known})]


def _day(value: Any) -> date:
    text = str(value)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != 10 or text[4] != "-" or text[7] != "-":
        message = "A day is wanted, as in 2026-03-31"
        raise ValueError(message)
    return min(max(found, FIRST), LAST)


def _moment(value: Any) -> datetime:
    text = str(value)
    try:
        found = datetime.fromisoformat(text.upper()) if "T" in text.upper() else None
    except ValueError:
        found = None
    if found is None:
        message = "A time is wanted, as in 2026-03-31T23:59:59+02:00 (in an address, + is written %2B)"
        raise ValueError(message)
    if not FIRST.year <= found.year < LAST.year:
        return datetime.combine(FIRST if found.year < FIRST.year else LAST, datetime.min.time(), UTC)
    return found


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return a time as UTC; one that names no offset is meant in this zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Boolean = Annotated[
    bool,
    BeforeValidator(lambda value: {"true": True, "false": False}.get(str(value), "?")),
    WithJsonSchema({"type": "boolean"}),
]
Limit = Annotated[int, Field(ge=1, le=MOST, description=f"Rows on a page, at most {MOST}.")]
Slug = Annotated[
    str, Field(pattern="^[-a-zA-Z0-9_]{1,60}$", description="Only this network, by its short name; else 404.")
]
# No text of the database holds a zero byte.
WITHOUT_ZERO = r"[^\x00]"
Key = Annotated[str, Field(pattern=f"^{WITHOUT_ZERO}{{1,{MAX_KEY}}}$")]
Words = Annotated[str, Field(pattern=f"^{WITHOUT_ZERO}{{0,200}}$")]

NetworkName = Annotated[str, Path(description="Short name of the network.")]
JobId = Annotated[UUID, Path(description="Id of the job.")]
Position = Annotated[int, Path(ge=1, le=MOST_POSITION, description="Position of the event.")]

# Figures are text: a program that reads numbers as binary floats would change them without a word.
Figure = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


def figure(value: Decimal | None) -> str | None:
    """Return a stock figure without an exponent and without zeros at its end."""
    if value is None:
        return None
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
