"""The grammar of the tables: what one entry of the operation table or of the event table must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from integrations.mobility_work.body import Body, Meaning


class Plan(StrEnum):
    """What a network's subscription includes."""

    STARTER = "starter"
    PREMIUM = "premium"
    ULTIMATE = "ultimate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that the vendor API can be asked to do."""

    name: str  # operationId in openapi.yaml
    label: str  # msgid: the operation in words
    method: str
    path: str
    plans: frozenset[Plan]
    bulk_limit: int  # rows per request; 1 = the body is one object
    retry_safe: bool  # the same call again right away leaves the same state
    confirmed_by: tuple[str, ...] = ()  # event types that can show that a row took effect

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return no other name: the vendor names an operation once."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type of webhook event."""

    name: str  # also what it is called where webhooks are set up in Mobility Work
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

    def __post_init__(self) -> None:
        """Refuse an entry that the order key or the pages could not hold."""
        if not 0 <= self.rank < 255 or self.state not in STATES:
            message = f"{self.name}: rank {self.rank} or state {self.state} is not allowed"
            raise ValueError(message)


STATES = frozenset({"good", "warn", "bad", "progress", "neutral"})


class DuplicateEntry(ValueError):
    """Two entries of a table claim one name."""


class UnknownName(KeyError):
    """An entry names something that is in no table."""


class _Entry(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


_E = TypeVar("_E", bound=_Entry)


def registry(entries: Iterable[_E]) -> dict[str, _E]:
    """Return the entries by name and alias; raise DuplicateEntry at import when a name is taken twice."""
    found: dict[str, _E] = {}
    for entry in entries:
        for name in (entry.name, *entry.aliases):
            if name in found:
                raise DuplicateEntry(name)
            found[name] = entry
    return found


def refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise UnknownName at import when an entry names something that no table holds."""
    missing = set(names) - set(known)
    if missing:
        raise UnknownName(", ".join(sorted(missing)))
