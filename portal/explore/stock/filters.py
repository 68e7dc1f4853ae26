"""What a list of stock shows: read from the address, and written into it again, so that every view can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.body import MAX_KEY
from portal.stock.models import Part

LOW: dict[str, str | Promise] = {
    "out": _("Out of stock"),
    "below": _("Below minimum"),
    "low": _("Out of stock or below minimum"),
}
SORTS: dict[str, str | Promise] = {
    "name": _("Part"),
    "level": _("Level"),
    "as_of": _("As of"),
    "moved": _("Last movement"),
}
MOST_DAYS = 3_650
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFilters:
    """A view of the stock. Empty means every part, now."""

    network: str = ""
    query: str = ""
    location: str = ""  # key; means something in one network only
    low: str = ""
    confidence: str = ""
    idle: int = 0  # no movement for so many days
    sort: str = "name"
    descending: bool = False
    at: datetime | None = None  # a moment of the past, as typed: its zone is that of the view
    problems: tuple[str, ...] = ()

    def parameters(self) -> list[tuple[str, str]]:
        """Return the address's parameters of this view."""
        order = f"-{self.sort}" if self.descending else self.sort
        pairs = [
            ("network", self.network),
            ("q", self.query),
            ("location", self.location),
            ("low", self.low),
            ("confidence", self.confidence),
            ("idle", str(self.idle) if self.idle else ""),
            ("at", f"{self.at:%Y-%m-%dT%H:%M}" if self.at else ""),
            ("sort", order if order != "name" else ""),
        ]
        return [(name, value) for name, value in pairs if value]

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())

    def without(self, **changes: Any) -> str:
        """Return the address's parameters with some of them changed."""
        return replace(self, **changes).query_string()

    def sorted_by(self, sort: str) -> str:
        """Return the parameters of this view in another order; the same once more turns it round."""
        return self.without(sort=sort, descending=sort == self.sort and not self.descending)

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """Return the moment up to which the past is told: the whole minute that was typed counts."""
        return self.at.replace(tzinfo=zone) + MINUTE if self.at else None

    @property
    def is_narrowed(self) -> bool:
        """Tell whether parts are left out."""
        return bool(self.query or self.location or self.low or self.confidence or self.idle)


def read_filters(data: Mapping[str, str]) -> StockFilters:
    """Read the parameters of an address; what makes no sense is named in `problems` and left out."""
    problems: list[str] = []
    order = data.get("sort", "")
    sort = order.removeprefix("-")
    network = data.get("network", "")[:60]
    at = _moment(data.get("at", ""), problems)
    return StockFilters(
        network=network,
        query=_text(data, "q")[:200],
        location=_text(data, "location")[:MAX_KEY] if network else "",
        low=_one_of(data.get("low", ""), LOW) if not at else "",
        confidence=_one_of(data.get("confidence", ""), Part.Confidence.values) if not at else "",
        idle=_days(data.get("idle", ""), problems) if not at else 0,
        sort=sort if sort in SORTS and not at else "name",
        descending=order.startswith("-") and sort in SORTS and not at,
        at=at,
        problems=tuple(problems),
    )


def _text(data: Mapping[str, str], name: str) -> str:
    return data.get(name, "").replace("\0", "").strip()


def _one_of(text: str, known: Any) -> str:
    return text if text in known else ""


def _days(text: str, problems: list[str]) -> int:
    if not text.strip():
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 6 and 0 < int(text) <= MOST_DAYS:
        return int(text)
    problems.append(text[:40])
    return 0


def _moment(text: str, problems: list[str]) -> datetime | None:
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip()[:19]).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        problems.append(text[:40])
        return None
    if not datetime(1970, 1, 2) <= found <= datetime(2200, 1, 1):
        problems.append(text[:40])
        return None
    return found
