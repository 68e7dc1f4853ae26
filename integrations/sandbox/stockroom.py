"""The stock of an invented plant: parts in places, and the events that every movement of stock causes."""

from __future__ import annotations

import random
import string
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from integrations.sandbox import bodies
from integrations.sandbox.bodies import Body

StockScope = Literal["location", "part"]
_KEY_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Place:
    id: str
    name: str

    def reference(self) -> Body:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    first_name: str
    last_name: str
    email: str
    role: str  # planner, storekeeper or technician

    def reference(self) -> Body:
        return {"userId": self.id, "firstName": self.first_name, "lastName": self.last_name}


@dataclass(slots=True)
class Part:
    id: str
    reference: str
    name: str
    home: str  # id of the place that takes new stock
    cost_center: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    wear: int = 1
    stock: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    low_since: str | None = None

    @property
    def total(self) -> int:
        return sum(self.stock.values())

    def summary(self) -> Body:
        return {
            "id": self.id,
            "externalReference": self.reference,
            "name": self.name,
            "costCenter": self.cost_center,
        }


class Stockroom:
    """Parts, places and people of one plant; every act returns the vendor events it causes, oldest first."""

    def __init__(self, *, seed: str, network_id: str, stock_scope: StockScope) -> None:
        self.random = random.Random(seed)
        self.network_id = network_id
        self.stock_scope = stock_scope
        self.parts: dict[str, Part] = {}
        self.places: dict[str, Place] = {}
        self.people: dict[str, Person] = {}
        self.by_reference: dict[str, list[str]] = {}
        self._last_part_id = 88_000
        self.changed_parts: set[str] = set()  # ids not saved since the last snapshot

    # ---------------------------------------------------------------- look-ups
    def add_part(self, part: Part) -> None:
        self.parts[part.id] = part
        self._last_part_id = max(self._last_part_id, int(part.id))
        self.by_reference.setdefault(part.reference, []).append(part.id)
        self.changed_parts.add(part.id)

    def next_part_id(self) -> str:
        return str(self._last_part_id + 1)

    def parts_named(self, reference: str) -> list[Part]:
        """External references are not unique: a stock write hits every part that carries one."""
        return [self.parts[part_id] for part_id in self.by_reference.get(reference, ())]

    def rename_part(self, part: Part, reference: str) -> None:
        self.by_reference[part.reference].remove(part.id)
        part.reference = reference
        self.by_reference.setdefault(reference, []).append(part.id)
        self.changed_parts.add(part.id)

    def place_named(self, name: str) -> Place | None:
        return next((place for place in self.places.values() if place.name == name), None)

    def add_place(self, name: str) -> Place:
        place = Place(str(max((int(known) for known in self.places), default=5300) + 1), name)
        self.places[place.id] = place
        return place

    def people_who(self, role: str) -> list[Person]:
        return [person for person in self.people.values() if person.role == role]

    # ---------------------------------------------------------------- acts
    def consume(
        self, *, part: Part, place: Place, quantity: int, person: Person, task: Body | None, at: datetime
    ) -> list[Body]:
        previous_total, previous = part.total, self._level(part, place)
        self._put(part, place, part.stock.get(place.id, 0) - quantity, at)
        consumed = {"_type": "SparePartConsumption", "quantity": quantity, "previousStock": previous}
        objects: Body = {"task": task} if task is not None else {}
        return [
            self._act(
                "SparePartWasConsumed",
                at=at,
                **objects,
                sparePart=part.summary(),
                location=place.reference(),
                initiator=person.reference(),
                consumed=consumed,
            ),
            *self._alerts(part, previous_total=previous_total, at=at),
        ]

    def restock(
        self, *, part: Part, place: Place, quantity: int, person: Person, task: Body | None, at: datetime
    ) -> list[Body]:
        previous = self._level(part, place)
        self._put(part, place, part.stock.get(place.id, 0) + quantity, at)
        return [
            self._act(
                "SparePartWasRestocked",
                at=at,
                task=task,
                sparePart=part.summary(),
                location=place.reference(),
                initiator=person.reference(),
                restocked={"_type": "SparePartRestock", "quantity": quantity, "previousStock": previous},
            )
        ]

    def recount(self, *, part: Part, place: Place, level: int, person: Person, at: datetime) -> list[Body]:
        """Set what lies in one place; the event tells the level in the scope that this network counts."""
        previous_total, previous = part.total, self._level(part, place)
        self._put(part, place, level, at)
        recounted = {
            "_type": "SparePartRecount",
            "quantity": self._level(part, place),
            "previousStock": previous,
        }
        return [
            self._act(
                "SparePartWasManuallyRecounted",
                at=at,
                sparePart=part.summary(),
                location=place.reference(),
                initiator=person.reference(),
                recounted=recounted,
            ),
            *self._alerts(part, previous_total=previous_total, at=at),
        ]

    def put_back(
        self, *, part: Part, place: Place, quantity: int, task: Body, activity: Body, at: datetime
    ) -> list[Body]:
        """Cancel a consumption: the vendor's event names no quantity, only the next movement shows it."""
        self._put(part, place, part.stock.get(place.id, 0) + quantity, at)
        return [
            self._act(
                "SparePartConsumptionWasCanceled",
                at=at,
                task=task,
                sparePart=part.summary(),
                activity=activity,
                location=place.reference(),
            )
        ]

    def replace_stock(self, *, part: Part, level: int, person: Person, at: datetime) -> list[Body]:
        """Set a part's whole stock: its home place takes the new level, all others are emptied first."""
        home, events = self.places[part.home], []
        elsewhere = [place_id for place_id, held in part.stock.items() if held and place_id != part.home]
        if self.stock_scope == "location":
            for place_id in elsewhere:
                place = self.places[place_id]
                events += self.recount(part=part, place=place, level=0, person=person, at=at)
        elif elsewhere:
            # This network counts parts, not places: one event tells the new whole.
            self.relocate(part=part, source=None, target=home)
        return events + self.recount(part=part, place=home, level=level, person=person, at=at)

    def relocate(self, *, part: Part, source: Place | None, target: Place) -> None:
        """Move all that lies in the source (everywhere, if none is named); the vendor has no event for it."""
        for place_id, held in list(part.stock.items()):
            if place_id != target.id and (source is None or place_id == source.id):
                part.stock[place_id] = 0
                part.stock[target.id] = part.stock.get(target.id, 0) + held
        if source is None or part.home == source.id:
            part.home = target.id
        self.changed_parts.add(part.id)

    # ---------------------------------------------------------------- inside
    def key(self) -> str:
        return "".join(self.random.choices(_KEY_LETTERS, k=10))

    def _level(self, part: Part, place: Place) -> int:
        return part.total if self.stock_scope == "part" else part.stock.get(place.id, 0)

    def _put(self, part: Part, place: Place, level: int, at: datetime) -> None:
        part.stock[place.id] = level
        if part.minimum is not None and part.total <= part.minimum:
            part.low_since = part.low_since or bodies.stamp(at)
        else:
            part.low_since = None
        self.changed_parts.add(part.id)

    def _act(self, event: str, *, at: datetime, **objects: Any) -> Body:
        metadata: Any = self.random.choices(
            ("", None, [], [["origin", "mobile"]], {"origin": "mobile"}), weights=(70, 10, 14, 4, 2)
        )[0]
        if event == "ActivityWasAddedOnTask" and metadata == "":
            metadata = []
        return bodies.act(
            event,
            key=self.key(),
            at=at,
            sent=at + timedelta(seconds=self.random.randint(1, 6)),
            network_id=self.network_id,
            metadata=metadata,
            **objects,
        )

    def _alerts(self, part: Part, *, previous_total: int, at: datetime) -> list[Body]:
        """Alerts fire when a level is crossed, and speak of the whole part: they name no place."""
        event = None
        if part.total == 0 and previous_total > 0:
            event = "SparePartWasOutOfStock"
        elif part.minimum is not None and part.total < part.minimum <= previous_total:
            short = self.random.random() < 0.6
            event = "SparePartStockWasUnderMinThreshold" if short else bodies.LONG_UNDER_MINIMUM
        if event is None:
            return []
        moved = {"quantity": abs(previous_total - part.total), "previousStock": previous_total}
        return [
            bodies.alert(
                event,
                key=self.key(),
                at=at + timedelta(seconds=2),
                network_id=self.network_id,
                stock={"quantity": part.total, "minimumStock": part.minimum},
                sparePart=part.summary(),
                movement=moved,
            )
        ]

    def part_rows(self, *, only_changed: bool) -> dict[str, dict[str, Any]]:
        """Parts as JSON for the store, and forget what was marked as changed."""
        ids = list(self.changed_parts) if only_changed else list(self.parts)
        self.changed_parts.clear()
        return {part_id: asdict(self.parts[part_id]) for part_id in ids}
