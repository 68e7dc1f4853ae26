"""The page of one task: where it stands and why, its plan, the parts it needs and took, its whole history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.facts import TaskChanged, from_json
from portal.explore.names import Names, Thing, bare
from portal.explore.task_rows import LOOKS, TaskRow, rows_of
from portal.jobs.models import Job, Row
from portal.networks.models import Network
from portal.stock.models import Entry, Part
from portal.tasks.fold import ENDS, PROGRESS, State
from portal.tasks.models import Task
from portal.tasks.queries import load_lines
from portal.timeline.models import EventSubject, Reading, Subject

HISTORY = 200  # events of a task in which odd ones are looked for, the latest
TAKEN = 200
REACHED = (Task.State.SCHEDULED, Task.State.STARTED, Task.State.COMPLETED, Task.State.CANCELLED)
ODD: dict[str, str | Promise] = {
    "started": _("A start came after its end; the task stays ended."),
    "scheduled": _("It was scheduled again after its end; the task stays ended."),
    "ended": _("It ended twice, as completed and as cancelled; the later one counts."),
    "backwards": _("It was scheduled again after its start; it stays started."),
    "unscheduled": _("It was started before it was scheduled."),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A state that was reached, and the event that says so."""

    state: str
    word: str | Promise
    look: tuple[str, str]
    at: Any
    person: Thing | None
    position: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Oddity:
    """An event that does not fit what came before it."""

    text: str | Promise
    position: int


@dataclass(frozen=True, slots=True)
class Stock:
    """A part that a task needs, with what is known of its stock; `part` is None where that is nothing."""

    thing: Thing
    quantity: str
    part: Part | None
    is_short: bool
    sharing: int  # how many parts have this reference


@dataclass(frozen=True, slots=True)
class Taken:
    """A movement of stock that names the task."""

    entry: Entry
    part: Thing | None
    place: Thing | None
    person: Thing | None


def task_context(network: Network, subject: Subject) -> dict[str, Any]:
    """Return what the page of a task shows beside its timeline; nothing more where no event of it is verified."""
    now = timezone.now()
    lines = load_lines([(network.id, subject.key)])
    if not lines:
        return {"row": None}
    [row] = rows_of(lines, [network], now=now)
    names = Names(((network.id, "person", key) for key in _acted(row.task)), [network])
    return {
        "row": row,
        "moments": _moments(row, names),
        "oddities": _oddities(network.id, row.task),
        "needed": _needed(network, row),
        "taken": _taken(network, row.task.task),
        "origin": _origin(network.id, row),
        "as_of": now,
        "zone_name": ZoneInfo(network.time_zone).key,
    }


def _acted(task: Task) -> list[str]:
    return [getattr(task, f"{state.value}_by") for state in REACHED]


def _moments(row: TaskRow, names: Names) -> list[Moment]:
    """Return the states that were reached, in the order of time."""
    task = row.task
    found = [
        Moment(
            state=state.value,
            word=state.label,
            look=LOOKS[state.value],
            at=getattr(task, f"{state.value}_at"),
            person=names.of(task.network_id, "person", getattr(task, f"{state.value}_by")),
            position=getattr(task, f"{state.value}_position"),
            is_current=task.state == state,
        )
        for state in REACHED
        if getattr(task, f"{state.value}_at") is not None
    ]
    return sorted(found, key=lambda moment: (moment.at, REACHED.index(Task.State(moment.state))))


def _oddities(network_id: UUID, task: Task) -> list[Oddity]:
    """Return the events that did not change the state as they say, each with the reason."""
    of_task = EventSubject.objects.filter(network_id=network_id, kind="task", key=task.task)
    latest = list(of_task.order_by("-order_key").values_list("position", flat=True)[:HISTORY])
    facts = dict(
        Reading.objects.filter(network_id=network_id, position__in=latest, verified=True).values_list(
            "position", "facts"
        )
    )
    said: list[tuple[State, int]] = []
    for position in reversed(latest):
        for fact in map(from_json, facts.get(position, [])):
            if isinstance(fact, TaskChanged) and fact.task == task.task:
                said.append((State(fact.state), position))
    return odd_among(said)


def odd_among(said: Sequence[tuple[State, int]]) -> list[Oddity]:
    """Return what is odd in a task's changes of state, which must come in order."""
    found: list[Oddity] = []
    heard: set[State] = set()
    state = State.SEEN
    for after, position in said:
        reason = ""
        if state in ENDS:
            reason = "" if after is state else "ended" if after in ENDS else after.value
        elif after in PROGRESS and PROGRESS.index(after) < PROGRESS.index(state):
            reason = "backwards" if after in heard else "unscheduled"
        if reason:
            found.append(Oddity(ODD[reason], position))
        heard.add(after)
        if after in ENDS or (state not in ENDS and PROGRESS.index(after) > PROGRESS.index(state)):
            state = after
    return found


def _needed(network: Network, row: TaskRow) -> list[Stock]:
    """Return the required parts with their stock; a reference stands for every part that has it."""
    keys = {need.thing.key for need in row.parts}
    references = {bare(key): key for key in keys if key.startswith("ref:")}
    meant: dict[str, list[Subject]] = {}
    for subject in Subject.objects.filter(network_id=network.id, kind="part", reference__in=references):
        if subject.key.startswith("id:"):
            meant.setdefault(references[subject.reference], []).append(subject)
    wanted = keys | {subject.key for found in meant.values() for subject in found}
    parts = {part.part: part for part in Part.objects.filter(network_id=network.id, part__in=wanted).defer("state")}
    known = Names(((network.id, "part", key) for key in wanted), [network])
    shown = []
    for need in row.parts:
        one = meant[need.thing.key][0].key if len(meant.get(need.thing.key, ())) == 1 else need.thing.key
        part = parts.get(one)
        thing = known.of(network.id, "part", one) or need.thing
        level = part.level if part else None
        is_short = level is not None and level < Decimal(need.quantity or 0)
        shown.append(Stock(thing, need.quantity, part, is_short, len(meant.get(need.thing.key, ()))))
    return shown


def _taken(network: Network, task: str) -> list[Taken]:
    """Return the movements of stock that name the task, oldest first."""
    entries = list(
        Entry.objects.filter(network_id=network.id, task=task).defer("checkpoint").order_by("order_key")[:TAKEN]
    )
    names = Names(
        (
            (network.id, kind, key or "")
            for entry in entries
            for kind, key in (("part", entry.part), ("location", entry.location), ("person", entry.person))
        ),
        [network],
    )
    return [
        Taken(
            entry,
            names.of(network.id, "part", entry.part),
            names.of(network.id, "location", entry.location),
            names.of(network.id, "person", entry.person or ""),
        )
        for entry in entries
    ]


def _origin(network_id: UUID, row: TaskRow) -> dict[str, Any] | None:
    """Return the job and row that scheduled the task, and whom the row assigned it to."""
    if row.plan is None:
        return None
    job = Job.objects.filter(network_id=network_id, id=row.plan.job_id).first()
    sent = Row.objects.filter(network_id=network_id, job_id=row.plan.job_id, number=row.plan.row).first()
    assigned = (sent.item or {}).get("assignees") if sent else None
    return {
        "job": job,
        "row": row.plan.row,
        "before": row.plan.row - 1,
        "assignees": [_assignee(each) for each in assigned] if isinstance(assigned, list) else [],
    }


def _assignee(named: Any) -> str:
    """Return an assignee as the row names them: an e-mail address, or the vendor's id."""
    return str(named.get("value", "")) if isinstance(named, dict) else str(named)
