"""What an event means, from a small closed set. Projections are folded from these and from nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of the closed set below."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class LevelObserved(Fact):
    """The stock of a part was `level`, at a location if one is named."""

    name: ClassVar[str] = "level_observed"
    part: str
    location: str | None
    level: Decimal
    minimum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class QuantityMoved(Fact):
    """Stock moved. `quantity` is as the vendor says it; `delta` is signed and None where it is unknown."""

    name: ClassVar[str] = "quantity_moved"
    part: str
    location: str | None
    kind: str  # consumed, restocked, recounted, consumption_cancelled
    quantity: Decimal | None
    delta: Decimal | None
    previous: Decimal | None
    resulting: Decimal | None
    task: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class TaskChanged(Fact):
    """A task reached a state: scheduled, started, completed, cancelled.

    `about` is the key of the equipment or part that it is about (`about_kind`); `tags` are their codes, else names;
    `parts` are the keys of the spare parts that it needs, each with the quantity as text, or "" where none is said.
    """

    name: ClassVar[str] = "task_changed"
    task: str
    state: str
    about_kind: str | None = None
    about: str | None = None
    person: str | None = None
    tags: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ActivityAdded(Fact):
    """An activity was reported on a task, which is about an equipment (`about`); tags and parts as of a change."""

    name: ClassVar[str] = "activity_added"
    task: str | None
    activity: str | None
    about: str | None = None
    person: str | None = None
    tags: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ThresholdCrossed(Fact):
    """A part ran out, or fell below its minimum: `kind` is out_of_stock or under_minimum."""

    name: ClassVar[str] = "threshold_crossed"
    part: str
    kind: str


@dataclass(frozen=True, slots=True)
class Noted(Fact):
    """The event is known to have happened; nothing more can be said of it."""

    name: ClassVar[str] = "noted"
    type: str


FACTS: dict[str, type[Fact]] = {
    kind.name: kind for kind in (LevelObserved, QuantityMoved, TaskChanged, ActivityAdded, ThresholdCrossed, Noted)
}
_DECIMALS = {"level", "minimum", "quantity", "delta", "previous", "resulting"}
_TUPLES = {"tags", "parts"}


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a dict that JSON can hold; decimals as text, exactly."""
    values = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(fact).items()}
    return {"fact": fact.name, **values}


def from_json(data: dict[str, Any]) -> Fact:
    """Read what `to_json` made. Raises KeyError for a fact outside the closed set."""
    kind = FACTS[data["fact"]]
    values = {field.name: data[field.name] for field in fields(kind) if field.name in data}
    return kind(**{name: _restored(name, value) for name, value in values.items()})


def _restored(name: str, value: Any) -> Any:
    if name in _DECIMALS:
        return None if value is None else Decimal(value)
    if name in _TUPLES:
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
