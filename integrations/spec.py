"""The grammar of the tables: what one entry of the operation table or of the event table must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as member
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from integrations.mobility_work.body import Body, Meaning


class Plan(StrEnum):
    """What a network's subscription includes."""

    STARTER = "starter"
    PREMIUM = "premium"
    ULTIMATE = "ultimate"


class Kind(StrEnum):
    """What a cell of a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    MONEY = "money"  # typed in the currency, sent in its smallest unit
    CURRENCY = "currency"
    DATETIME = "datetime"
    CHOICE = "choice"
    UUID = "uuid"
    IDENTIFIER = "identifier"
    TEXTS = "texts"  # a list
    IDENTIFIERS = "identifiers"  # a list
    OBJECT = "object"  # JSON of unknown shape
    OBJECTS = "objects"  # a list of JSON objects of unknown shape
    ADVANCED = "advanced"  # a JSON object whose members become further properties of the item


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierType:
    """One way to name a thing to the vendor."""

    name: str  # the vendor's word where the typed form is sent
    label: str  # msgid
    shape: str  # a whole value of this type, as a regular expression
    typed: bool = True  # sent as {type, value}; else the plain value, and the vendor infers what it is
    as_integer: bool = False  # digits are sent as a number
    tries: tuple[IdentifierType, ...] = ()  # a value that has the shape of one of these is sent as that one
    remedy: str = ""  # msgid: what to do about a value of another shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of an operation: where its value stands in an item, and what it may be."""

    name: str  # the column's name in files: never changes, for people keep files
    label: str  # msgid
    help: str  # msgid
    kind: Kind
    path: tuple[str, ...]  # where the value stands in the item; () = all over it
    example: str = ""  # as a person would type it
    synonyms: tuple[str, ...] = ()  # other headings, English and French
    required: bool = False
    nullable: bool = False  # may be cleared
    default: object = None  # what the vendor takes where nothing is sent
    send_default: bool = False  # an empty cell sends the default, for leaving the property out is refused or misread
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_message: str = ""  # msgid: the pattern in words
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    identifiers: tuple[IdentifierType, ...] = ()  # the first is the default
    end_of_day: bool = False  # a date without a time means its last second
    subject: str = ""  # the kind of thing that the value names, as readings of events call it
    offers: str = ""  # what a form offers to choose from, where that is no kind of thing of its own
    text_members: tuple[str, ...] = ()  # members of JSON objects that are texts where they are given
    reserved: frozenset[str] = frozenset()  # members of an object that the portal writes itself

    def __post_init__(self) -> None:
        """Refuse an entry that could not be checked or explained."""
        needs_types = self.kind in (Kind.IDENTIFIER, Kind.IDENTIFIERS)
        if needs_types != bool(self.identifiers) or (self.kind is Kind.CHOICE) != bool(self.choices):
            message = f"{self.name}: identifier types or choices do not fit a column of {self.kind}"
            raise ValueError(message)
        if bool(self.pattern) != bool(self.pattern_message) or bool(self.path) == (self.kind is Kind.ADVANCED):
            message = f"{self.name}: a pattern needs its words, and a value needs its place"
            raise ValueError(message)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return no other name: synonyms are matched more loosely than names."""
        return ()

    @property
    def is_list(self) -> bool:
        """Say whether a cell holds several values."""
        return self.kind in (Kind.TEXTS, Kind.IDENTIFIERS)

    @property
    def needed(self) -> bool:
        """Say whether a row without a value in this column is refused."""
        return self.required and not self.send_default


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
    fields: tuple[Field, ...] = ()
    family: str = ""  # one job of a family is sent at a time per network
    updates: bool = False  # an empty cell leaves what is there
    noun: str = ""  # msgid: what a row is about
    explanation: str = ""  # msgid: what happens, and what to watch
    icon: str = "send"
    identity: tuple[str, ...] = ()  # columns that name what a row is about
    renames: tuple[str, ...] = ()  # columns that change what the identity names
    sets_level: str = ""  # the column that says how many of a part there will be
    moves_everything: bool = False  # no quantity can be given
    min_properties: int = 0
    short_of: tuple[str, ...] = ()  # columns to fill in first where there are too few
    ordered: tuple[tuple[str, str], ...] = ()  # moments, of which the second may not lie before the first
    echo: str = ""  # the column, an object, that comes back in events: where the portal writes who caused them
    whole_day: str = ""  # the column that says that moments need no time of day

    def __post_init__(self) -> None:
        """Refuse an entry that names a column that it does not have, or one twice."""
        known = registry(self.fields)
        named = (*self.identity, *self.renames, *self.short_of, *(name for pair in self.ordered for name in pair))
        refuse_unknown((*named, *filter(None, [self.whole_day, self.sets_level, self.echo])), known)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return no other name: the vendor names an operation once."""
        return ()

    @property
    def creates(self) -> tuple[str, ...]:
        """Return the columns that name what is not there yet: of creations, and the new name of what is renamed."""
        named = [self.field(name) for name in self.identity]
        return self.renames if any(each.identifiers for each in named) else self.identity + self.renames

    @property
    def names_a_part(self) -> bool:
        """Say whether items name a part that is there already."""
        return bool(self.identity) and self.identity[0] not in self.creates and self._identity.subject == "part"

    @property
    def _identity(self) -> Field:
        return self.field(self.identity[0])

    def field(self, name: str) -> Field:
        """Return the column of a name. Raises UnknownName."""
        for each in self.fields:
            if each.name == name:
                return each
        raise UnknownName(name)


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
    optional: frozenset[str] = member(default_factory=frozenset)
    inner: dict[str, frozenset[str]] = member(default_factory=dict)  # known members one level down
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
