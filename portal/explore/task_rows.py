"""Prepares tasks for display: names, states, what is overdue or stale, so that templates only lay them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from portal.explore.names import Named, Names, Thing, bare
from portal.networks.models import Network
from portal.tasks.conditions import stale_before
from portal.tasks.models import Plan, Task
from portal.tasks.queries import Line

LOOKS: dict[str, tuple[str, str]] = {  # as the events of the same meaning look
    "seen": ("neutral", "circle-dashed"),
    "scheduled": ("neutral", "calendar-plus"),
    "started": ("progress", "player-play"),
    "completed": ("good", "circle-check"),
    "cancelled": ("neutral", "calendar-off"),
}
TAGS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Needed:
    """A part that a task needs, and how many of it, "" where nobody said."""

    thing: Thing
    quantity: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as a line of a table or a card of a board."""

    task: Task
    plan: Plan | None
    network: Network
    url: str
    title: str
    reference: str
    state_word: str | Promise
    look: tuple[str, str]
    about: Thing | None
    parts: list[Needed]
    people: list[Thing]
    due: datetime | None
    overdue_since: datetime | None
    stale_since: datetime | None

    @property
    def more_tags(self) -> int:
        """Return how many tags a card leaves out."""
        return max(0, len(self.task.tags) - TAGS_SHOWN)

    @property
    def some_tags(self) -> list[str]:
        """Return the first tags."""
        return self.task.tags[:TAGS_SHOWN]


def due_of(plan: Plan | None, zone: ZoneInfo) -> datetime | None:
    """Return when a plan is over: one of whole days at the end of its last day (as portal.tasks.conditions has it)."""
    if plan is None or plan.ends_at is None or not plan.all_day:
        return plan.ends_at if plan else None
    following = plan.ends_at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(following, time.min, zone)


def rows_of(lines: Sequence[Line], networks: Iterable[Network], *, now: datetime) -> list[TaskRow]:
    """Return tasks ready to be shown, in their order, with two queries for all names."""
    by_id = {network.id: network for network in networks}
    names = Names(_mentioned(lines), by_id.values())
    return [_row(line, by_id[line.task.network_id], names, now) for line in lines]


def _mentioned(lines: Sequence[Line]) -> Iterable[Named]:
    for line in lines:
        task = line.task
        network_id: UUID = task.network_id
        yield network_id, "task", task.task
        yield network_id, task.about_kind or "equipment", task.about
        yield from ((network_id, "part", key) for key, _quantity in task.parts)
        yield from ((network_id, "person", key) for key in task.people)


def _row(line: Line, network: Network, names: Names, now: datetime) -> TaskRow:
    task, plan = line.task, line.plan
    named = names.of(network.id, "task", task.task)
    assert named is not None  # noqa: S101 - a task has a key
    reference = named.reference or bare(task.task)
    described = named.label if named.label not in {reference, bare(task.task)} else ""
    is_open = task.state not in {Task.State.COMPLETED, Task.State.CANCELLED}
    due = due_of(plan, ZoneInfo(network.time_zone))
    last_work = max((moment for moment in (task.state_at, task.last_activity_at) if moment), default=None)
    is_stale = task.state == Task.State.STARTED and last_work is not None and last_work < stale_before(now)
    return TaskRow(
        task=task,
        plan=plan,
        network=network,
        url=named.url,
        title=described or (plan.description if plan else "") or "",
        reference=reference,
        state_word=Task.State(task.state).label,
        look=LOOKS[task.state],
        about=names.of(network.id, task.about_kind or "equipment", task.about),
        parts=[
            Needed(thing, quantity)
            for key, quantity in task.parts
            for thing in [names.of(network.id, "part", key)]
            if thing
        ],
        people=[thing for key in task.people for thing in [names.of(network.id, "person", key)] if thing],
        due=due,
        overdue_since=due if is_open and due and due <= now else None,
        stale_since=last_work if is_stale else None,
    )
