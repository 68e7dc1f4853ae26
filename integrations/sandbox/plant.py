"""An invented plant that lives: tasks are planned, done and dropped, parts wear out and are bought again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.sandbox import bodies, catalogue
from integrations.sandbox.bodies import Body
from integrations.sandbox.catalogue import Language, Trade
from integrations.sandbox.stockroom import Part, Person, Place, Stockroom, StockScope

_OPEN_TASKS = 26
API_USER = Person("4099", "API", "Partner", "", "api")  # who acts when the vendor's API is called: our guess


def _part_id(number: int) -> str:
    return str(88_100 + number * 7)


@dataclass(slots=True)
class Machine:
    id: str
    code: str | None
    name: str
    kind: str = "other"
    cost_center: str | None = None
    tags: list[Body] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> Body:
        return {"id": self.id, "itemCode": self.code, "name": self.name, "costCenter": self.cost_center}

    def associated(self) -> Body:
        return {
            "_type": "Equipment",
            "type": "equipment",
            "id": self.id,
            "itemCode": self.code,
            "name": self.name,
            "tags": self.tags,
            "costCenter": self.cost_center,
        }


@dataclass(slots=True)
class Task:
    id: str
    text: str
    machine: str
    planner: str
    technician: str
    tags: list[Body]
    required: list[list[Any]]  # [part id, quantity]
    reports: list[str]
    metadata: Any
    due: str
    state: str = "scheduled"
    works_left: int = 1
    about_part: str | None = None
    taken: list[list[Any]] = field(default_factory=list)  # [part id, place id, quantity, activity]

    def reference(self) -> Body:
        return {"id": self.id, "description": self.text, "tags": self.tags}


class Plant(Stockroom):
    """The whole plant. The same seed and the same calls give the same events, byte for byte."""

    def __init__(
        self,
        *,
        seed: str,
        language: Language,
        network_id: str,
        trade: Trade = "foundry",
        stock_scope: StockScope = "location",
        people_from: int = 0,
    ) -> None:
        super().__init__(seed=f"{seed}/{language}/{trade}", network_id=network_id, stock_scope=stock_scope)
        self.language = language
        self.machines: dict[str, Machine] = {}
        self.tasks: dict[str, Task] = {}  # open ones only
        self.activity_number = self.random.randint(40_000, 70_000)
        self.work_order = self.random.randint(100, 300)
        self._furnish(trade, people_from)

    def _furnish(self, trade: Trade, people_from: int) -> None:
        language, pick = self.language, self.random
        for name in catalogue.PLACES[language]:
            self.add_place(name)
        names = catalogue.PEOPLE[language][people_from : people_from + 9]
        for number, (first, last) in enumerate(names):
            role = "planner" if number < 2 else "storekeeper" if number < 4 else "technician"
            email = f"{first}.{last}@valdarve.example".lower().replace(" ", "")
            person_id = str(4100 + people_from + number * 3)
            self.people[person_id] = Person(person_id, first, last, email, role)
        self.people[API_USER.id] = API_USER
        code, name_of, group, group_name = catalogue.CRITICAL
        critical = {
            "code": code,
            "name": name_of[language],
            "groupId": group,
            "groupName": group_name[language],
        }
        for number, machine in enumerate(catalogue.MACHINES[trade]):
            machine_id = str(2500 + number)
            self.machines[machine_id] = Machine(
                machine_id,
                machine.code[language],
                machine.name[language],
                machine.kind,
                machine.cost_center,
                [dict(critical)] if machine.critical else [],
            )
        places = list(self.places)
        for number, entry in enumerate(catalogue.PARTS):
            home = pick.choice(places)
            part = Part(
                id=_part_id(number),
                reference=entry.reference[language],
                name=entry.name[language],
                home=home,
                cost_center=entry.cost_center,
                minimum=entry.minimum,
                maximum=entry.maximum,
                wear=entry.wear,
                stock={home: pick.randint(entry.minimum, entry.maximum)},
                attributes={"unitPrice": entry.price},
            )
            if pick.random() < 0.25:
                part.stock[pick.choice([place for place in places if place != home])] = pick.randint(
                    1, entry.minimum + 1
                )
            self.add_part(part)

    # ---------------------------------------------------------------- what happens next
    def step(self, at: datetime, *, hurried: bool = False) -> list[Body]:
        """Let one thing happen; never returns nothing. `hurried` starts tasks before their planned time."""
        waiting = sorted(self.tasks.values(), key=lambda task: (task.due, task.id))
        now = bodies.stamp(at)
        ready = [task for task in waiting if task.due <= now]
        if hurried and not ready and len(waiting) > 12:
            ready = waiting[:1]
        if ready and self.random.random() < 0.8:
            return self._advance(ready[0], at)
        return self._something_else(at, hurried)

    def _something_else(self, at: datetime, hurried: bool) -> list[Body]:
        pick = self.random
        patience = bodies.stamp(at if hurried else at - timedelta(days=2.5))
        low = [part for part in self._known_parts() if part.low_since and part.low_since <= patience]
        if low and pick.random() < 0.35:
            return self.buy(pick.choice(low), at)
        choice = pick.choices(("plan", "take", "count", "buy"), weights=(44, 38, 13, 5))[0]
        if choice == "plan" and len(self.tasks) < _OPEN_TASKS:
            return self.plan(at)
        if choice == "count":
            return self.count(at)
        if choice == "buy":
            half_empty = [part for part in self._known_parts() if part.total < (part.maximum or 0) / 2]
            if half_empty:
                return self.buy(pick.choice(half_empty), at)
        return self.take(at)

    def _known_parts(self) -> list[Part]:
        return [part for part in self.parts.values() if part.maximum]

    def plan(self, at: datetime) -> list[Body]:
        pick = self.random
        machine = pick.choice(list(self.machines.values()))
        fitting = [job for job in catalogue.JOBS if machine.kind in job.kinds] or list(catalogue.JOBS)
        job = pick.choice(fitting)
        parts = [self.parts[_part_id(catalogue.PART_NUMBERS[reference])] for reference in job.parts]
        tag_name = catalogue.TAGS[job.tag][self.language]
        metadata: Any = pick.choices(({}, [], None), weights=(40, 25, 35))[0]
        if metadata is None:
            self.work_order += 1
            metadata = {"source": "erp", "workOrder": f"OT-{at.year}-{self.work_order:05d}"}
        task = Task(
            id=f"{pick.getrandbits(32):08x}",
            text=job.text[self.language].format(machine=machine.name),
            machine=machine.id,
            planner=pick.choice(self.people_who("planner")).id,
            technician=pick.choice(self.people_who("technician")).id,
            tags=[{"code": job.tag, "name": tag_name, "groupId": None, "groupName": None}],
            required=[[part.id, self._amount(part)] for part in parts],
            reports=list(job.reports[self.language]),
            metadata=metadata,
            due=bodies.stamp(at + timedelta(hours=pick.triangular(2, 220, 30))),
            works_left=pick.choices((1, 2, 3), weights=(5, 4, 2))[0],
            about_part=parts[0].id if parts and pick.random() < 0.03 else None,
        )
        return self.schedule(task, at=at)

    def schedule(self, task: Task, *, at: datetime) -> list[Body]:
        self.tasks[task.id] = task
        return [self._moment("TaskWasScheduled", "scheduled", task, self.people[task.planner], at)]

    def _advance(self, task: Task, at: datetime) -> list[Body]:
        pick = self.random
        if task.state == "scheduled":
            if pick.random() < 0.08:
                return self.cancel(task, at)
            return self.start(task, at)
        if task.works_left > 0:
            task.works_left -= 1
            task.due = bodies.stamp(at + timedelta(minutes=pick.randint(10, 120)))
            return self.work(task, at)
        if task.taken and pick.random() < 0.07:
            return self.give_back(task, at)
        return self.complete(task, at)

    def start(self, task: Task, at: datetime) -> list[Body]:
        task.state = "started"
        task.due = bodies.stamp(at + timedelta(minutes=self.random.randint(15, 150)))
        return [self._moment("TaskWasStarted", "started", task, self.people[task.technician], at)]

    def work(self, task: Task, at: datetime) -> list[Body]:
        """Report an activity and, mostly, take a part for it."""
        pick = self.random
        person = self.people[task.technician]
        self.activity_number += pick.randint(1, 4)
        activity = {"id": str(self.activity_number), "description": pick.choice(task.reports or [task.text])}
        report = self._act(
            "ActivityWasAddedOnTask",
            at=at,
            task=task.reference(),
            equipment=self.machines[task.machine].summary(),
            activity={**activity, "createdAt": bodies.stamp(at), "createdBy": person.reference()},
            requiredSpareParts=self._required(task),
        )
        if not task.required or pick.random() < 0.25:
            return [report]
        part_id, quantity = pick.choice(task.required)
        part = self.parts[part_id]
        place = self.place_holding(part)
        if place is None:
            return [report]
        quantity = min(quantity, part.stock[place.id])
        task.taken.append([part.id, place.id, quantity, activity])
        return [
            *self.consume(part=part, place=place, quantity=quantity, person=person, task=task.reference(), at=at),
            report,
        ]

    def give_back(self, task: Task, at: datetime) -> list[Body]:
        """Cancel the last consumption of a task."""
        part_id, place_id, quantity, activity = task.taken.pop()
        part, place = self.parts[part_id], self.places[place_id]
        return self.put_back(part=part, place=place, quantity=quantity, task=task.reference(), activity=activity, at=at)

    def take(self, at: datetime) -> list[Body]:
        """Take a part without any task."""
        held = [part for part in self.parts.values() if part.total > 0]
        if not held:
            return self.plan(at)
        part = self.random.choices(held, weights=[part.wear for part in held])[0]
        place = self.place_holding(part)
        if place is None:
            return self.plan(at)
        quantity = min(self._amount(part), part.stock[place.id])
        person = self.random.choice(self.people_who("technician"))
        return self.consume(part=part, place=place, quantity=quantity, person=person, task=None, at=at)

    def buy(self, part: Part, at: datetime) -> list[Body]:
        missing = int((part.maximum or 1) - part.total)
        quantity = max(1, round(missing * self.random.uniform(0.6, 1)))
        person = self.random.choice(self.people_who("storekeeper"))
        place = self.places[part.home]
        return self.restock(part=part, place=place, quantity=quantity, person=person, task=None, at=at)

    def count(self, at: datetime) -> list[Body]:
        part = self.random.choice(list(self.parts.values()))
        place = self.places[self.random.choice(list(part.stock) or [part.home])]
        held = part.stock.get(place.id, 0)
        level = max(0, held + self.random.choices((0, -1, 1, -2, 2), weights=(40, 25, 15, 12, 8))[0])
        person = self.random.choice(self.people_who("storekeeper"))
        return self.recount(part=part, place=place, level=level, person=person, at=at)

    def complete(self, task: Task, at: datetime) -> list[Body]:
        del self.tasks[task.id]
        return [
            bodies.task_event(
                "TaskWasCompleted",
                key=self.key(),
                network_id=self.network_id,
                legacyId=task.id,
                id=task.id,
                doneAt=bodies.stamp(at),
                initiator=self.people[task.technician].reference(),
                associatedTo=self._associated(task),
                tags=task.tags,
                requiredSpareParts=self._required(task),
                metadata=task.metadata,
            )
        ]

    def cancel(self, task: Task, at: datetime) -> list[Body]:
        del self.tasks[task.id]
        return [self._moment("TaskWasCanceled", "canceled", task, self.people[task.planner], at)]

    # ---------------------------------------------------------------- pieces of bodies
    def _moment(self, event: str, word: str, task: Task, person: Person, at: datetime) -> Body:
        return bodies.task_event(
            event,
            key=self.key(),
            network_id=self.network_id,
            taskId=task.id,
            **{word: {"on": bodies.stamp(at), "by": person.reference()}},
            associatedTo=self._associated(task),
            tags=task.tags,
            requiredSpareParts=self._required(task),
            metadata=task.metadata,
        )

    def _associated(self, task: Task) -> Body:
        if task.about_part is None:
            return self.machines[task.machine].associated()
        part = self.parts[task.about_part]
        about: Body = {"id": part.id, "name": part.name, "tags": [], "costCenter": part.cost_center}
        return {"_type": "SparePart", "type": "sparePart", **about}

    def _required(self, task: Task) -> list[Body]:
        return [
            {
                "externalReference": self.parts[part_id].reference,
                "name": self.parts[part_id].name,
                "quantity": quantity,
            }
            for part_id, quantity in task.required
        ]

    def place_holding(self, part: Part) -> Place | None:
        held = [place_id for place_id, quantity in part.stock.items() if quantity > 0]
        return self.places[self.random.choice(held)] if held else None

    def _amount(self, part: Part) -> int:
        return self.random.randint(1, max(1, min(int((part.maximum or 4) // 8), 12)))

    # ---------------------------------------------------------------- state
    def snapshot(self) -> dict[str, Any]:
        """All but the parts, as JSON; the parts are saved row by row because a network may hold many."""
        version, internal, gauss = self.random.getstate()
        return {
            "random": [version, list(internal), gauss],
            "activity_number": self.activity_number,
            "work_order": self.work_order,
            "places": [asdict(place) for place in self.places.values()],
            "people": [asdict(person) for person in self.people.values()],
            "machines": [asdict(machine) for machine in self.machines.values()],
            "tasks": [asdict(task) for task in self.tasks.values()],
        }

    def restore(self, core: dict[str, Any], parts: list[dict[str, Any]]) -> None:
        version, internal, gauss = core["random"]
        self.random.setstate((version, tuple(internal), gauss))
        self.activity_number, self.work_order = core["activity_number"], core["work_order"]
        self.places = {row["id"]: Place(**row) for row in core["places"]}
        self.people = {row["id"]: Person(**row) for row in core["people"]}
        self.machines = {row["id"]: Machine(**row) for row in core["machines"]}
        self.tasks = {row["id"]: Task(**row) for row in core["tasks"]}
        self.parts, self.by_reference = {}, {}
        for row in parts:
            self.add_part(Part(**row))
        self.changed_parts.clear()
