"""Makes a wanted event happen in a plant by real acts, so that every chain of stock and tasks stays whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from integrations.sandbox import bodies
from integrations.sandbox.bodies import Body
from integrations.sandbox.plant import Plant, Task
from integrations.sandbox.stockroom import Part, Place


class UnknownEventTypeError(ValueError):
    """The vendor has no event of this name."""


def provoke(plant: Plant, event: str, at: datetime) -> list[Body]:
    """Everything that happened, oldest first; an event of the wanted type is always in it."""
    try:
        cause = _CAUSES[event]
    except KeyError:
        raise UnknownEventTypeError(event) from None
    return cause(plant, at)


def one_of_each(plant: Plant, at: datetime) -> list[Body]:
    """All eleven types, each at least once, told as one short story."""
    happened: list[Body] = []
    for event in _IN_STORY_ORDER:
        if not any(bodies.subscription_name(body["_event"]) == event for body in happened):
            at += timedelta(seconds=1)
            happened += provoke(plant, event, at)
    return happened


def _scheduled(plant: Plant, at: datetime) -> list[Body]:
    return plant.plan(at)


def _some_task(plant: Plant, state: str, at: datetime) -> tuple[Task, list[Body]]:
    """An open task in this state, and what had to happen for it to be there."""
    for task in plant.tasks.values():
        if task.state == state:
            return task, []
    if state == "scheduled":
        before = set(plant.tasks)
        happened = plant.plan(at)
        (new,) = set(plant.tasks) - before
        return plant.tasks[new], happened
    task, happened = _some_task(plant, "scheduled", at)
    return task, happened + plant.start(task, at)


def _started(plant: Plant, at: datetime) -> list[Body]:
    task, happened = _some_task(plant, "scheduled", at)
    return happened + plant.start(task, at)


def _activity(plant: Plant, at: datetime) -> list[Body]:
    task, happened = _some_task(plant, "started", at)
    return happened + plant.work(task, at)


def _completed(plant: Plant, at: datetime) -> list[Body]:
    task, happened = _some_task(plant, "started", at)
    return happened + plant.complete(task, at)


def _canceled(plant: Plant, at: datetime) -> list[Body]:
    task, happened = _some_task(plant, "scheduled", at)
    return happened + plant.cancel(task, at)


def _given_back(plant: Plant, at: datetime) -> list[Body]:
    for task in plant.tasks.values():
        if task.taken:
            return plant.give_back(task, at)
    task, happened = _some_task(plant, "started", at)
    part, place, bought = _stocked_part(plant, at, at_least=1)
    activity = {"id": str(plant.activity_number), "description": task.text}
    task.taken.append([part.id, place.id, 1, activity])
    person = plant.people[task.technician]
    happened += bought + plant.consume(part=part, place=place, quantity=1, person=person, task=task.reference(), at=at)
    return happened + plant.give_back(task, at)


def _stocked_part(plant: Plant, at: datetime, *, at_least: float) -> tuple[Part, Place, list[Body]]:
    """A part that lies in one place only and above a level, buying it first if none does."""

    def alone(part: Part) -> bool:
        return sum(1 for held in part.stock.values() if held > 0) <= 1 and (part.minimum or 0) >= 2

    candidates = [part for part in plant.parts.values() if alone(part)]
    for part in plant.random.sample(candidates, len(candidates)):
        if part.total >= max(at_least, part.minimum or 0):
            place_id = next(place_id for place_id, held in part.stock.items() if held > 0)
            return part, plant.places[place_id], []
    for part in candidates or list(plant.parts.values()):
        bought = plant.buy(part, at)
        return part, plant.places[part.home], bought
    raise LookupError("the plant has no parts")


def _under_minimum(plant: Plant, at: datetime) -> list[Body]:
    part, place, happened = _stocked_part(plant, at, at_least=2)
    person = plant.people_who("storekeeper")[0]
    level = int(part.minimum or 0) - 1
    return happened + plant.recount(part=part, place=place, level=level, person=person, at=at)


def _out_of_stock(plant: Plant, at: datetime) -> list[Body]:
    part, place, happened = _stocked_part(plant, at, at_least=1)
    person = plant.people_who("technician")[0]
    quantity = part.stock[place.id]
    return happened + plant.consume(part=part, place=place, quantity=quantity, person=person, task=None, at=at)


def _restocked(plant: Plant, at: datetime) -> list[Body]:
    part = min(plant.parts.values(), key=lambda each: each.total / (each.maximum or 1))
    return plant.buy(part, at)


_CAUSES: dict[str, Callable[[Plant, datetime], list[Body]]] = {
    "TaskWasScheduled": _scheduled,
    "TaskWasStarted": _started,
    "ActivityWasAddedOnTask": _activity,
    "SparePartWasConsumed": Plant.take,
    "SparePartConsumptionWasCanceled": _given_back,
    "TaskWasCompleted": _completed,
    "TaskWasCanceled": _canceled,
    "SparePartWasManuallyRecounted": Plant.count,
    "SparePartWasRestocked": _restocked,
    # Last, for an alert is told two seconds after what set it off: nothing may change the part in between.
    "SparePartStockWasUnderMinThreshold": _under_minimum,
    "SparePartWasOutOfStock": _out_of_stock,
}
_IN_STORY_ORDER = tuple(_CAUSES)
