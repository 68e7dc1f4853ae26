"""What the reader makes of an event: plain data, derivable again at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from integrations.facts import Fact


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing or person that an event speaks of."""

    kind: str  # task, part, equipment, location, person
    key: str  # "id:88197" where the vendor gives its own id, else "ref:…", else "name:…"
    label: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """One value of a sentence; with `kind` and `key` it names a subject."""

    text: str
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English msgid with named placeholders, and its values."""

    template: str
    arguments: dict[str, Argument] = field(default_factory=dict)

    def plain(self) -> str:
        """Return the English sentence as text."""
        return self.template.format_map({name: value.text for name, value in self.arguments.items()})


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a body differs from what is known of the vendor's contract."""

    code: str
    path: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The meaning of one event body."""

    type: str
    known: bool
    occurred_at: datetime
    occurred_from: str
    sentence: Sentence
    subjects: tuple[Subject, ...] = ()
    facts: tuple[Fact, ...] = ()
    differences: tuple[Difference, ...] = ()
    terms: tuple[str, ...] = ()
    idempotency_key: str | None = None
    vendor_network_id: str | None = None
    initiator: str = ""  # the label of the person who acted
    rank: int = 255  # of the event's kind in the total order
    chain: str | None = None
    previous_stock: Decimal | None = None
    resulting_stock: Decimal | None = None
    unreadable: str = ""  # msgid that says why the body cannot be read
