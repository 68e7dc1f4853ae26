"""★ The table of every webhook event type. One more type = one more entry here, and one captured example.

Sources: vendor reference section 7; openapi.yaml, `webhooks`. Inner shapes are inferred there, so entries read them
through `Body`, which notes a surprise and goes on.
"""

from __future__ import annotations

from decimal import Decimal

from integrations.facts import ActivityAdded, Fact, LevelObserved, QuantityMoved, TaskChanged, ThresholdCrossed
from integrations.mobility_work.body import Body, Meaning, argument, show
from integrations.mobility_work.reading import Argument, Subject
from integrations.spec import EventType, registry


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


SOMEBODY = _("Somebody")
SOMETHING = _("an unnamed spare part")
ENVELOPE = frozenset({"_event", "_type", "_idempotencyKey", "_sentAt", "_date", "_metadata", "emittedAt", "networkId"})
PART = frozenset({"id", "externalReference", "name", "costCenter"})
PLACE = frozenset({"id", "name"})
PERSON = frozenset({"userId", "firstName", "lastName"})
TASK = frozenset({"id", "description", "tags"})
MOVEMENT = frozenset({"_type", "quantity", "previousStock"})
ABOUT = frozenset({"_type", "type", "id", "legacyId", "itemCode", "name", "tags", "costCenter"})
EQUIPMENT = frozenset({"id", "itemCode", "name", "costCenter"})
ACTIVITY = frozenset({"id", "description", "createdAt", "createdBy"})
MOMENT = frozenset({"on", "by"})

MOVES = {
    # kind: (sentence without location or task, with location, with task, with both); the page adds the stock before
    # and after, which reads the same in every language.
    "consumed": (
        _("{person} consumed {quantity} × {part}"),
        _("{person} consumed {quantity} × {part} at {location}"),
        _("{person} consumed {quantity} × {part} on task {task}"),
        _("{person} consumed {quantity} × {part} at {location} on task {task}"),
    ),
    "restocked": (
        _("{person} restocked {quantity} × {part}"),
        _("{person} restocked {quantity} × {part} at {location}"),
        _("{person} restocked {quantity} × {part} from task {task}"),
        _("{person} restocked {quantity} × {part} at {location} from task {task}"),
    ),
    "recounted": (
        _("{person} counted {quantity} × {part}"),
        _("{person} counted {quantity} × {part} at {location}"),
        _("{person} counted {quantity} × {part} on task {task}"),
        _("{person} counted {quantity} × {part} at {location} on task {task}"),
    ),
    "consumption_cancelled": (
        _("A consumption of {part} was cancelled"),
        _("A consumption of {part} at {location} was cancelled"),
        _("A consumption of {part} on task {task} was cancelled"),
        _("A consumption of {part} at {location} on task {task} was cancelled"),
    ),
}
STATES = {
    "scheduled": (_("{person} scheduled task {task}"), _("{person} scheduled task {task} on {about}")),
    "started": (_("{person} started task {task}"), _("{person} started task {task} on {about}")),
    "completed": (_("{person} completed task {task}"), _("{person} completed task {task} on {about}")),
    "cancelled": (_("{person} cancelled task {task}"), _("{person} cancelled task {task} on {about}")),
}
OUT_OF_STOCK = _("{part} is out of stock")
UNDER_MINIMUM = _("{part} fell below its minimum")
UNDER_MINIMUM_KNOWN = _("{part} fell below its minimum: {level} left, minimum {minimum}")
ACTIVITY_ADDED = _("{person} reported an activity on task {task}")
ACTIVITY_ADDED_ON = _("{person} reported an activity on task {task} on {about}")
UNKNOWN_EVENT = _("An event of the unknown type {type} arrived")
NAMELESS_EVENT = _("An event without a type arrived")
UNREADABLE = _("A delivery arrived that cannot be read")


def _person(subject: Subject | None) -> Argument:
    return argument(subject) if subject else Argument(SOMEBODY)


def _delta(kind: str, quantity: Decimal | None, previous: Decimal | None) -> Decimal | None:
    """Return the signed change; a recount replaces, a cancelled consumption does not say."""
    if quantity is None or kind == "consumption_cancelled":
        return None
    if kind == "recounted":
        return quantity - previous if previous is not None else None
    return -quantity if kind == "consumed" else quantity


def _move(body: Body, kind: str, member: str) -> Meaning:
    """Read a stock movement whose figures are in `member`."""
    part, location, task = body.part("sparePart"), body.location("location"), body.task("task")
    person = body.person("initiator")
    quantity = body.number(member, "quantity") if member else None
    previous = body.number(member, "previousStock") if member else None
    delta = _delta(kind, quantity, previous)
    resulting = quantity if kind == "recounted" else None
    if resulting is None and previous is not None and delta is not None:
        resulting = previous + delta
    values = {"person": _person(person), "part": argument(part) if part else Argument(SOMETHING)}
    if member:
        values["quantity"] = Argument(show(quantity))
    if location:
        values["location"] = argument(location)
    if task:
        values["task"] = argument(task, by_reference=True)
    if kind == "consumption_cancelled":
        del values["person"]
        body.text("activity", "id")
        body.person("activity", "createdBy")  # who reported the activity, not who cancelled
    facts: tuple[Fact, ...] = ()
    if part:
        moved = QuantityMoved(
            part=part.key,
            location=location.key if location else None,
            kind=kind,
            quantity=quantity,
            delta=delta,
            previous=previous,
            resulting=resulting,
            task=task.key if task else None,
            person=person.key if person else None,
        )
        facts = (moved,)
    return Meaning(
        template=MOVES[kind][(1 if location else 0) + (2 if task else 0)],
        arguments=values,
        facts=facts,
        chain=f"{part.key}|{location.key if location else ''}" if part and previous is not None else None,
        previous=previous,
        resulting=resulting,
    )


def _alert(body: Body, kind: str) -> Meaning:
    """Read an out-of-stock or under-minimum alert."""
    part = body.part("sparePart")
    level, minimum = body.number("stock", "quantity"), body.number("stock", "minimumStock")
    body.number("movement", "quantity")
    body.number("movement", "previousStock")
    values = {"part": argument(part) if part else Argument(SOMETHING)}
    template = OUT_OF_STOCK
    if kind == "under_minimum":
        template = UNDER_MINIMUM
        if level is not None and minimum is not None:
            template = UNDER_MINIMUM_KNOWN
            values |= {"level": Argument(show(level)), "minimum": Argument(show(minimum))}
    facts: list[Fact] = []
    if part:
        facts.append(ThresholdCrossed(part=part.key, kind=kind))
        if level is not None:
            facts.append(LevelObserved(part=part.key, location=None, level=level, minimum=minimum))
    return Meaning(template, values, tuple(facts))


def _task_change(body: Body, state: str, member: str) -> Meaning:
    """Read a change of a task's state; `member` holds when and by whom, or "" for the completed event."""
    task = body.task_of(body.text("taskId") or body.text("id"))
    person = body.person(member, "by") if member else body.person("initiator")
    about = body.associated()
    tags, parts = body.tags("tags"), body.required_parts()
    values = {"person": _person(person), "task": argument(task, by_reference=True) if task else Argument("?")}
    if about:
        values["about"] = argument(about)
    if task is None:
        return Meaning(STATES[state][1 if about else 0], values, ())
    changed = TaskChanged(
        task=task.key,
        state=state,
        about_kind=about.kind if about else None,
        about=about.key if about else None,
        person=person.key if person else None,
        tags=tags,
        parts=parts,
    )
    return Meaning(STATES[state][1 if about else 0], values, (changed,))


def _activity(body: Body) -> Meaning:
    """Read an activity on a task."""
    task, equipment = body.task("task"), body.equipment("equipment")
    person = body.person("activity", "createdBy")
    tags, parts = body.tags("task", "tags"), body.required_parts()
    values = {"person": _person(person), "task": argument(task, by_reference=True) if task else Argument("?")}
    if equipment:
        values["about"] = argument(equipment)
    activity = body.text("activity", "id")
    fact = ActivityAdded(
        task=task.key if task else None,
        activity=f"id:{activity}" if activity else None,
        about=equipment.key if equipment else None,
        person=person.key if person else None,
        tags=tags,
        parts=parts,
    )
    return Meaning(ACTIVITY_ADDED_ON if equipment else ACTIVITY_ADDED, values, (fact,))


def _movement_type(name: str, label: str, *, icon: str, state: str, rank: int, kind: str, member: str) -> EventType:
    return EventType(
        name=name, label=label, icon=icon, state=state, rank=rank, time_fields=("emittedAt", "_sentAt"),
        required=frozenset({"_event", "sparePart", "location", "initiator", member}),
        optional=ENVELOPE | {"task"},
        inner={"sparePart": PART, "location": PLACE, "initiator": PERSON, "task": TASK, member: MOVEMENT},
        interpret=lambda body: _move(body, kind, member),
    )  # fmt: skip


def _alert_type(
    name: str, label: str, *, icon: str, state: str, rank: int, kind: str, aliases: tuple[str, ...] = ()
) -> EventType:
    return EventType(
        name=name, aliases=aliases, label=label, icon=icon, state=state, rank=rank, time_fields=("_date",),
        required=frozenset({"_event", "stock", "sparePart", "movement"}),
        optional=ENVELOPE,
        inner={"stock": frozenset({"quantity", "minimumStock"}), "sparePart": PART, "movement": MOVEMENT},
        interpret=lambda body: _alert(body, kind),
    )  # fmt: skip


def _task_type(name: str, label: str, *, icon: str, state: str, rank: int, becomes: str, member: str) -> EventType:
    return EventType(
        name=name, label=label, icon=icon, state=state, rank=rank, time_fields=(f"{member}.on",),
        required=frozenset({"_event", "taskId", member, "associatedTo"}),
        optional=ENVELOPE | {"tags", "requiredSpareParts", "metadata"},
        inner={member: MOMENT, "associatedTo": ABOUT},
        interpret=lambda body: _task_change(body, becomes, member),
    )  # fmt: skip


TABLE: tuple[EventType, ...] = (
    _task_type("TaskWasScheduled", _("Task scheduled"), icon="calendar-plus", state="neutral", rank=10,
               becomes="scheduled", member="scheduled"),
    _task_type("TaskWasStarted", _("Task started"), icon="player-play", state="progress", rank=20,
               becomes="started", member="started"),
    EventType(
        name="ActivityWasAddedOnTask", label=_("Activity added on task"), icon="message-plus", state="progress",
        rank=30, time_fields=("emittedAt", "_sentAt"),
        required=frozenset({"_event", "_type", "_sentAt", "emittedAt", "_metadata", "task", "equipment", "activity"}),
        optional=ENVELOPE | {"requiredSpareParts"},
        inner={"task": TASK, "equipment": EQUIPMENT, "activity": ACTIVITY},
        interpret=_activity,
    ),
    _movement_type("SparePartWasRestocked", _("Spare part restocked"), icon="package-import", state="good", rank=40,
                   kind="restocked", member="restocked"),
    _movement_type("SparePartWasConsumed", _("Spare part consumed"), icon="package-export", state="neutral", rank=50,
                   kind="consumed", member="consumed"),
    EventType(
        name="SparePartConsumptionWasCanceled", label=_("Consumption cancelled"), icon="arrow-back-up", state="neutral",
        rank=60, time_fields=("emittedAt", "_sentAt"),
        required=frozenset({"_event", "task", "sparePart", "activity"}),
        optional=ENVELOPE | {"location"},
        inner={"task": TASK, "sparePart": PART, "activity": ACTIVITY, "location": PLACE},
        interpret=lambda body: _move(body, "consumption_cancelled", ""),
    ),
    _movement_type("SparePartWasManuallyRecounted", _("Spare part recounted"), icon="clipboard-check", state="neutral",
                   rank=70, kind="recounted", member="recounted"),
    _alert_type("SparePartStockWasUnderMinThreshold", _("Stock below minimum"), icon="alert-triangle", state="warn",
                rank=80, kind="under_minimum", aliases=("SparePartStockWasUnderMinThresholdPayload",)),
    _alert_type("SparePartWasOutOfStock", _("Spare part out of stock"), icon="package-off", state="bad", rank=90,
                kind="out_of_stock"),
    EventType(
        name="TaskWasCompleted", label=_("Task completed"), icon="circle-check", state="good", rank=100,
        time_fields=("doneAt",),
        required=frozenset({"_event", "legacyId", "id", "doneAt", "initiator", "associatedTo", "metadata"}),
        optional=ENVELOPE | {"tags", "requiredSpareParts"},
        inner={"initiator": PERSON, "associatedTo": ABOUT},
        interpret=lambda body: _task_change(body, "completed", ""),
    ),
    _task_type("TaskWasCanceled", _("Task cancelled"), icon="calendar-off", state="neutral", rank=110,
               becomes="cancelled", member="canceled"),
)  # fmt: skip

EVENT_TYPES = registry(TABLE)


def all_templates() -> tuple[str, ...]:
    """Return every sentence, for translators and tests."""
    moves = [template for variants in (*MOVES.values(), *STATES.values()) for template in variants]
    return (
        *moves, OUT_OF_STOCK, UNDER_MINIMUM, UNDER_MINIMUM_KNOWN, ACTIVITY_ADDED, ACTIVITY_ADDED_ON,
        UNKNOWN_EVENT, NAMELESS_EVENT, UNREADABLE,
    )  # fmt: skip
