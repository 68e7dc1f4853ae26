"""Defensive access to an event body: inner shapes are mostly undocumented, so a surprise is noted, never a crash."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.facts import Fact
from integrations.mobility_work.reading import Argument, Difference, Subject

# How the key of a thing begins that is known by its reference alone; with an id it begins with "id:".
REF = "ref:"
MAX_TEXT = 300
MAX_KEY = 200
MAX_DIFFERENCES = 50
MAX_ITEMS = 100
MAX_NUMBER = Decimal(10) ** 15
# Control characters, lone surrogates, and the marks that turn the direction of the text around them.
_UNWANTED = dict.fromkeys(
    [*range(32), *range(127, 160), *range(0xD800, 0xE000), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " "
)


def clean(value: object, limit: int = MAX_TEXT) -> str:
    """Return a scalar as one line of displayable text: no control characters, no lone surrogates."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else repr(value)
    text = text[: limit * 2]
    if not text.isprintable():
        text = text.translate(_UNWANTED)
    return " ".join(text.split())[:limit].rstrip()


def as_number(value: object) -> Decimal | None:
    """Return a JSON number within sane bounds as a decimal of at most six places, else None."""
    if isinstance(value, (bool, str)) or value is None:
        return None
    try:
        number = Decimal(repr(value))
        if not (number.is_finite() and -MAX_NUMBER < number < MAX_NUMBER):
            return None
        return number.quantize(Decimal("0.000001")).normalize() + 0
    except (ArithmeticError, ValueError):
        return None


def show(number: Decimal | None) -> str:
    """Return a stock figure as a person writes it, without exponent or trailing zeros."""
    return "?" if number is None else f"{number:f}"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one event type's entry makes of a body."""

    template: str
    arguments: dict[str, Argument]
    facts: tuple[Fact, ...]
    chain: str | None = None
    previous: Decimal | None = None
    resulting: Decimal | None = None


class Body:
    """An event body that notes every subject that was asked for and every surprise that was met."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.subjects: dict[tuple[str, str], Subject] = {}
        self.differences: list[Difference] = []

    def member(self, *path: str) -> Any:
        """Return the value at a path, or None; a step that is no object is a difference."""
        value: Any = self.data
        for depth, step in enumerate(path):
            if value is None or value in ([], ""):  # PHP writes empty objects as arrays
                return None
            if not isinstance(value, dict):
                self.differ("unexpected_type", ".".join(path[:depth]))
                return None
            value = value.get(step)
        return value

    def differ(self, code: str, path: str = "", detail: str = "") -> None:
        """Note a difference once."""
        if len(self.differences) >= MAX_DIFFERENCES:
            return
        difference = Difference(code, clean(path, MAX_KEY), clean(detail))
        if difference not in self.differences:
            self.differences.append(difference)

    def number(self, *path: str) -> Decimal | None:
        """Return the number at a path; anything else that is there is a difference."""
        value = self.member(*path)
        number = as_number(value)
        if number is None and value is not None:
            self.differ("unexpected_type", ".".join(path))
        return number

    def text(self, *path: str) -> str:
        """Return the scalar at a path as text, or ""."""
        value = self.member(*path)
        if isinstance(value, bool) or (isinstance(value, (dict, list)) and value):
            self.differ("unexpected_type", ".".join(path))
            return ""
        return clean(value)

    def part(self, *path: str) -> Subject | None:
        """Return the spare part at a path."""
        return self._thing("part", path, reference="externalReference")

    def equipment(self, *path: str) -> Subject | None:
        """Return the equipment at a path."""
        return self._thing("equipment", path, reference="itemCode")

    def location(self, *path: str) -> Subject | None:
        """Return the location at a path."""
        return self._thing("location", path, reference="")

    def associated(self) -> Subject | None:
        """Return what a task is about: an equipment, or a spare part."""
        word = (self.text("associatedTo", "type") or self.text("associatedTo", "_type")).lower()
        return self.part("associatedTo") if "part" in word else self.equipment("associatedTo")

    def person(self, *path: str) -> Subject | None:
        """Return the person at a path."""
        names = [self.text(*path, "firstName"), self.text(*path, "lastName")]
        return self._note(
            "person", self.text(*path, "userId") or self.text(*path, "id"), "", " ".join(filter(None, names))
        )

    def task(self, *path: str) -> Subject | None:
        """Return the task inside an object at a path."""
        return self.task_of(self.text(*path, "id"), self.text(*path, "description"))

    def task_of(self, task_id: str, description: str = "") -> Subject | None:
        """Return the task of an id."""
        return self._note("task", task_id, task_id, description) if task_id else None

    def required_parts(self) -> tuple[tuple[str, str], ...]:
        """Note the spare parts that a task needs, and return their keys, each with its quantity as text or ""."""
        needed: dict[str, str] = {}
        for item in self._objects("requiredSpareParts"):
            subject = self._note(
                "part", clean(item.get("id")), clean(item.get("externalReference")), clean(item.get("name"))
            )
            if subject:
                quantity = as_number(item.get("quantity"))
                needed[subject.key] = "" if quantity is None else show(quantity)
        return tuple(needed.items())

    def tags(self, *path: str) -> tuple[str, ...]:
        """Return the codes of the tags at a path, or their names where they have none."""
        found = (clean(item.get("code") or item.get("name"), MAX_KEY) for item in self._objects(*path))
        return tuple(dict.fromkeys(filter(None, found)))

    def _objects(self, *path: str) -> list[dict[str, Any]]:
        """Return the objects of the list at a path; anything else there is a difference."""
        listed = self.member(*path)
        if listed is None:
            return []
        if not isinstance(listed, list):
            self.differ("unexpected_type", ".".join(path))
            return []
        objects = [item for item in listed[:MAX_ITEMS] if isinstance(item, dict)]
        if len(objects) < len(listed[:MAX_ITEMS]):
            self.differ("unexpected_type", ".".join(path))
        return objects

    def _thing(self, kind: str, path: tuple[str, ...], *, reference: str) -> Subject | None:
        native = self.text(*path, "id") or self.text(*path, "legacyId")
        code = self.text(*path, reference) if reference else ""
        return self._note(kind, native, code, self.text(*path, "name"))

    def _note(self, kind: str, native: str, reference: str, label: str) -> Subject | None:
        if native:
            key = f"id:{native}"
        elif reference:
            key = REF + reference
        elif label:
            key = f"name:{label}"
        else:
            return None
        subject = Subject(kind, key[:MAX_KEY], label or reference or native, reference[:MAX_KEY])
        return self.subjects.setdefault((kind, subject.key), subject)


def argument(subject: Subject, *, by_reference: bool = False) -> Argument:
    """Return a subject as a value of a sentence."""
    text = subject.reference if by_reference and subject.reference else subject.label
    return Argument(text, subject.kind, subject.key)
