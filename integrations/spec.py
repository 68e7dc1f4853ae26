"""The grammar of the tables: what one entry of the event table must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.mobility_work.body import Body, Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type of webhook event."""

    name: str
    label: str  # msgid: the event in words
    icon: str
    state: str  # good, warn, bad, progress, neutral: the colour of its icon
    rank: int  # place among events of the same moment
    time_fields: tuple[str, ...]  # dotted paths, the one closest to the act first
    required: frozenset[str]
    optional: frozenset[str] = field(default_factory=frozenset)
    inner: dict[str, frozenset[str]] = field(default_factory=dict)  # known members one level down
    aliases: tuple[str, ...] = ()
    interpret: Callable[[Body], Meaning]


class DuplicateEntry(ValueError):
    """Two entries of a table claim one name."""


def registry(entries: Iterable[EventType]) -> dict[str, EventType]:
    """Return the entries by name and alias; raise DuplicateEntry at import when a name is taken twice."""
    found: dict[str, EventType] = {}
    for entry in entries:
        for name in (entry.name, *entry.aliases):
            if name in found:
                raise DuplicateEntry(name)
            found[name] = entry
    return found
