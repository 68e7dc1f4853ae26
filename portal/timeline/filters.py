"""What a timeline shows: read from the address, and written into it again, so that every view can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.events import EVENT_TYPES, TABLE
from integrations.mobility_work.ordering import lower_bound
from portal.lib.periods import PRESETS, moments_of, read_date

# Every event wears exactly one of these; "verified" is what is usual, so it is no badge.
VERDICTS: dict[str, str | Promise] = {
    "verified": _("Verified"),
    "unverified": _("Unverified"),
    "stale": _("Verified, old time stamp"),
}
FLAGS: dict[str, tuple[str | Promise, str, str]] = {
    # flag: (words, state, icon)
    "unreadable": (_("Unreadable"), "bad", "alert-circle"),
    "unverified": (_("Unverified"), "warn", "shield-question"),
    "stale": (_("Old time stamp"), "warn", "clock"),
    "late": (_("Late"), "neutral", "clock"),
    "repeated": (_("Repeated"), "neutral", "repeat"),
    "replayed": (_("Replayed"), "bad", "shield-x"),
    "key_reused": (_("Key reused"), "warn", "key"),
    "differs": (_("Contract differs"), "warn", "alert-triangle"),
}

KINDS = ("task", "part", "equipment", "location", "person")
LOWEST, HIGHEST = b"", b"\xff" * 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """A view of the timeline. Empty means everything."""

    network: str = ""
    types: tuple[str, ...] = ()
    kind: str = ""
    key: str = ""
    preset: str = ""
    start: date | None = None
    end: date | None = None
    flag: str = ""  # a verdict or something unusual
    query: str = ""
    problems: tuple[str, ...] = ()

    def parameters(self) -> list[tuple[str, str]]:
        """Return the address's parameters of this view."""
        pairs = [("network", self.network), *(("type", name) for name in self.types)]
        pairs += [("kind", self.kind), ("key", self.key), ("period", self.preset)]
        pairs += [
            ("from", self.start.isoformat() if self.start else ""),
            ("to", self.end.isoformat() if self.end else ""),
        ]
        pairs += [("is", self.flag), ("q", self.query)]
        return [(name, value) for name, value in pairs if value]

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())

    def without(self, **changes: Any) -> str:
        """Return the address's parameters with some of them changed."""
        return replace(self, **changes).query_string()

    def bounds(self, zone: ZoneInfo, now: datetime) -> tuple[bytes, bytes]:
        """Return the order keys between which the events of the chosen days lie, days being those of `zone`."""
        low, high = moments_of(self.preset, self.start, self.end, zone=zone, now=now)
        return lower_bound(low) if low else LOWEST, lower_bound(high) if high else HIGHEST


def read_filters(data: QueryDict | Mapping[str, str]) -> Filters:
    """Read the parameters of an address; what makes no sense is named in `problems` and left out."""
    problems: list[str] = []
    listed = data.getlist("type") if isinstance(data, QueryDict) else []
    types = tuple(name for name in dict.fromkeys(listed) if name in EVENT_TYPES or name == "?")
    kind = data.get("kind", "")
    preset, flag = data.get("period", ""), data.get("is", "")
    start, end = read_date(data.get("from", ""), problems), read_date(data.get("to", ""), problems)
    if start and end and start > end:
        start, end = end, start  # the days between the two are meant, whichever was typed first
    return Filters(
        network=data.get("network", "")[:60],
        types=types,
        kind=kind if kind in KINDS else "",
        key=data.get("key", "")[:210].replace("\0", "") if kind in KINDS else "",
        preset=preset if preset in PRESETS else "",
        start=start,
        end=end,
        flag=flag if flag in FLAGS or flag in VERDICTS else "",
        query=data.get("q", "").replace("\0", "").strip()[:200],
        problems=tuple(problems),
    )


def flag_words(flag: str) -> str:
    """Return what a chosen verdict or unusual flag is called."""
    return str(VERDICTS[flag] if flag in VERDICTS else FLAGS[flag][0])


def type_choices() -> list[tuple[str, str]]:
    """Return the event types to choose from, by name and label msgid."""
    return [(entry.name, entry.label) for entry in TABLE]
