"""What an accepted write does to a plant, and which events it causes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integrations.sandbox import bodies, catalogue
from integrations.sandbox.bodies import Body
from integrations.sandbox.contract import Refusal
from integrations.sandbox.plant import API_USER, Machine, Plant, Task
from integrations.sandbox.stockroom import Part, Person, Place

Row = dict[str, Any]


def apply(plant: Plant, operation: str, value: Any, *, at: datetime, unknown_parts: str = "drop") -> list[Body]:
    """Carry out a write. Rows about unknown things have no effect, as the vendor may do without a word."""
    if operation == "scheduleTask":
        return _schedule(plant, value, at)
    if unknown_parts == "create" and operation == "replaceSparePartStock":
        _create_missing(plant, value)
    act = _ROW_EFFECTS[operation]
    events: list[Body] = []
    for row in value:
        events += act(plant, row, at)
    return events


def unknown_references(plant: Plant, operation: str, value: Any, *, unknown_parts: str) -> Refusal | None:
    """What a write names and the network does not have; bulk writes are refused for it only if so set."""
    errors: dict[str, list[dict[str, Any]]] = {}
    if operation == "scheduleTask":
        if _machine(plant, value["equipment"]) is None:
            errors["/equipment"] = [_unknown("equipment", value["equipment"])]
        for number, assignee in enumerate(value["assignees"]):
            if _person(plant, assignee) is None:
                errors[f"/assignees/{number}"] = [_unknown("assignees", assignee)]
    elif unknown_parts == "refuse":
        name = {"relocateSpareParts": "sparePartId"}.get(operation, "id")
        if operation in ("replaceSparePartStock", "updateSpareParts", "relocateSpareParts"):
            for number, row in enumerate(value):
                if not plant.parts_named(_reference(row[name])):
                    errors[f"/{number}/{name}"] = [_unknown("sparePart", row[name])]
    return Refusal([], errors) if errors else None


def _unknown(what: str, identifier: object) -> dict[str, Any]:
    typed = identifier if isinstance(identifier, dict) else {"type": "native", "value": identifier}
    if isinstance(identifier, str):
        typed = {"type": "email" if what == "assignees" else "externalReference", "value": identifier}
    return {"messageKey": f"error.payload.{what}.unknown", "parameters": typed}


# -------------------------------------------------------------------- finding things
def _reference(identifier: Any) -> str:
    return str(identifier["value"] if isinstance(identifier, dict) else identifier)


def _machine(plant: Plant, identifier: Any) -> Machine | None:
    """A number is a native id, a text an item code; the typed form says which it is."""
    kind = identifier.get("type") if isinstance(identifier, dict) else None
    value = identifier["value"] if isinstance(identifier, dict) else identifier
    if kind == "native" or (kind is None and isinstance(value, int)):
        return plant.machines.get(str(value))
    return next((machine for machine in plant.machines.values() if machine.code == value), None)


def _person(plant: Plant, identifier: Any) -> Person | None:
    value = identifier["value"] if isinstance(identifier, dict) else identifier
    if isinstance(value, int):
        return plant.people.get(str(value))
    return next((person for person in plant.people.values() if person.email == value), None)


def _place(plant: Plant, name: str) -> Place:
    return plant.place_named(name) or plant.add_place(name)


# -------------------------------------------------------------------- one function per operation
def _create_part(plant: Plant, row: Row, at: datetime) -> list[Body]:
    first_place = next(iter(plant.places.values()))
    stock = row.get("stock") or {}
    name = stock.get("locationName")
    home = _place(plant, name) if name else first_place
    plant.add_part(
        Part(
            id=plant.next_part_id(),
            reference=row["externalReference"],
            name=row["name"],
            home=home.id,
            cost_center=row.get("costCenter"),
            minimum=row.get("minimumStock"),
            maximum=row.get("maximumStock"),
            stock={home.id: stock.get("quantity", 0)},
            attributes={key: row[key] for key in ("description", "unitPrice", "gtin") if key in row},
        )
    )
    return []


def _create_missing(plant: Plant, rows: list[Row]) -> None:
    place = next(iter(plant.places.values()))
    for row in rows:
        reference = _reference(row["id"])
        if not plant.parts_named(reference):
            stock = {"quantity": 0, "locationName": place.name}
            _create_part(plant, {"externalReference": reference, "name": reference, "stock": stock}, _NEVER)


def _replace_stock(plant: Plant, row: Row, at: datetime) -> list[Body]:
    events: list[Body] = []
    for part in plant.parts_named(_reference(row["id"])):
        events += plant.replace_stock(part=part, level=row["quantity"], person=API_USER, at=at)
    return events


def _update_part(plant: Plant, row: Row, at: datetime) -> list[Body]:
    for part in list(plant.parts_named(_reference(row["id"]))):
        part.name = row.get("name", part.name)
        part.minimum = row.get("minimumStock", part.minimum)
        part.maximum = row.get("maximumStock", part.maximum)
        part.cost_center = row.get("costCenter", part.cost_center)
        _keep(part.attributes, row, ("description", "unitPrice", "gtin", "replenishmentLot", "customFields"))
        plant.rename_part(part, row.get("externalReference", part.reference))
    return []


def _relocate(plant: Plant, row: Row, at: datetime) -> list[Body]:
    target = plant.place_named(row["target"].get("locationName", ""))
    named = (row.get("source") or {}).get("locationName")
    source = plant.place_named(named) if named else None
    if target is None or (named and source is None):
        return []
    for part in plant.parts_named(_reference(row["sparePartId"])):
        plant.relocate(part=part, source=source, target=target)
    return []


def _create_machine(plant: Plant, row: Row, at: datetime) -> list[Body]:
    machine_id = str(max((int(known) for known in plant.machines), default=2499) + 1)
    tags = [_tag(plant, code) for code in row.get("tags", ())]
    machine = Machine(machine_id, row.get("itemCode"), row["name"], cost_center=row.get("costCenter"), tags=tags)
    _keep(machine.attributes, row, ("description", "globalTradeItemNumber", "private", "customFields"))
    plant.machines[machine_id] = machine
    return []


def _update_machine(plant: Plant, row: Row, at: datetime) -> list[Body]:
    machine = _machine(plant, row["id"])
    if machine is not None:
        machine.name = row.get("name", machine.name)
        machine.code = row.get("itemCode", machine.code)
        machine.cost_center = row.get("costCenter", machine.cost_center)
        if "tags" in row:
            machine.tags = [_tag(plant, code) for code in row["tags"] or ()]
        _keep(machine.attributes, row, ("description", "gtin", "customFields"))
    return []


def _create_place(plant: Plant, row: Row, at: datetime) -> list[Body]:
    _place(plant, row["name"])
    return []


def _schedule(plant: Plant, value: Row, at: datetime) -> list[Body]:
    machine = _machine(plant, value["equipment"])
    if machine is None:
        return []
    assignees = [person for person in (_person(plant, each) for each in value["assignees"]) if person]
    technician = assignees[0] if assignees else plant.people_who("technician")[0]
    tags = [_tag(plant, each) for each in value.get("tags", ())]
    if value.get("inheritEquipmentTags"):
        tags += machine.tags
    due = datetime.fromisoformat(value["startDateTime"])
    task = Task(
        id=f"{plant.random.getrandbits(32):08x}",
        text=value["description"],
        machine=machine.id,
        planner=API_USER.id,
        technician=technician.id,
        tags=tags,
        required=[],
        reports=["Travail effectué" if plant.language == "fr" else "Work done"],
        metadata=value.get("metadata", {}),
        due=bodies.stamp(due),
    )
    return plant.schedule(task, at=at)


def _tag(plant: Plant, identifier: Any) -> Body:
    code = str(identifier.get("value", "") if isinstance(identifier, dict) else identifier)
    name = catalogue.TAGS.get(code, {}).get(plant.language, code.lstrip("$"))
    return {"code": code, "name": name, "groupId": None, "groupName": None}


def _keep(attributes: dict[str, Any], row: Row, names: tuple[str, ...]) -> None:
    """Absent leaves as it is, null clears."""
    for name in names:
        if name in row:
            if row[name] is None:
                attributes.pop(name, None)
            else:
                attributes[name] = row[name]


_NEVER = datetime.min
_ROW_EFFECTS: dict[str, Callable[[Plant, Row, datetime], list[Body]]] = {
    "createSpareParts": _create_part,
    "replaceSparePartStock": _replace_stock,
    "updateSpareParts": _update_part,
    "relocateSpareParts": _relocate,
    "createEquipments": _create_machine,
    "updateEquipments": _update_machine,
    "createLocations": _create_place,
}
