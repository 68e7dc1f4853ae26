"""Events of a small stockroom, told in a line each, for tests of the pages about stock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.webhooks.test_drain import drain, store
from tests.world import ConnectedNetwork

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PEOPLE = {"userId": "7", "firstName": "Mehdi", "lastName": "Benali"}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def part(number: int, *, name: str = "", reference: str = "") -> dict[str, Any]:
    return {
        "id": str(number),
        "externalReference": reference or f"REF-{number}",
        "name": name or f"Part {number}",
        "costCenter": None,
    }


def consumed(
    number: int, quantity: int, previous: int, *, minutes: float, place: int = 1, task: str = "", **names: str
) -> dict[str, Any]:
    return {
        "_event": "SparePartWasConsumed",
        "_idempotencyKey": f"c{number}-{minutes}-{previous}",
        "emittedAt": at(minutes).isoformat(),
        "sparePart": part(number, **names),
        "location": {"id": str(place), "name": f"Shelf {place}"},
        "initiator": PEOPLE,
        "consumed": {"_type": "SparePartConsumption", "quantity": quantity, "previousStock": previous},
        **({"task": {"id": task, "description": "", "tags": []}} if task else {}),
    }


def restocked(number: int, quantity: int, previous: int, *, minutes: float, place: int = 1) -> dict[str, Any]:
    body = consumed(number, quantity, previous, minutes=minutes, place=place)
    del body["consumed"]
    moved = {"_type": "SparePartRestock", "quantity": quantity, "previousStock": previous}
    return body | {"_event": "SparePartWasRestocked", "_idempotencyKey": f"r{number}-{minutes}", "restocked": moved}


def below(number: int, level: int, minimum: int, *, minutes: float) -> dict[str, Any]:
    return {
        "_event": "SparePartStockWasUnderMinThreshold" if level else "SparePartWasOutOfStock",
        "_idempotencyKey": f"b{number}-{minutes}",
        "_date": at(minutes).isoformat(),
        "stock": {"quantity": level, "minimumStock": minimum},
        "sparePart": part(number),
        "movement": {"quantity": 1, "previousStock": level + 1},
    }


def scheduled(task: str, references: dict[str, int], *, minutes: float) -> dict[str, Any]:
    needed = [{"externalReference": ref, "name": ref, "quantity": count} for ref, count in references.items()]
    return {
        "_event": "TaskWasScheduled",
        "_idempotencyKey": f"t{task}",
        "taskId": task,
        "scheduled": {"on": at(minutes).isoformat(), "by": PEOPLE},
        "associatedTo": {"_type": "Equipment", "type": "equipment", "id": "9", "itemCode": "M-9", "name": "Press 9"},
        "tags": [],
        "requiredSpareParts": needed,
    }


def tell(place: ConnectedNetwork, *bodies: dict[str, Any]) -> None:
    """Let signed events arrive in this order and be drained."""
    arrivals = []
    for number, body in enumerate(bodies):
        raw = json.dumps(body).encode()
        received = at(60 * 24 * 30 + number)
        header = place.header(raw, t=int(received.timestamp()))
        arrivals.append((received, raw, {"X-MW-Signature": header}))
    store(place, *arrivals)
    drain(place)


def two_places(number: int = 90) -> list[dict[str, Any]]:
    """Return movements that prove that levels count a location."""
    told = [consumed(number, 1, 50, minutes=-500, place=1), consumed(number, 1, 20, minutes=-499, place=2)]
    for step in range(1, 7):
        told.append(consumed(number, 1, 50 - step, minutes=-498 + step * 2, place=1))
        told.append(consumed(number, 1, 20 - step, minutes=-497 + step * 2, place=2))
    return told
