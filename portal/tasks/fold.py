"""Folds what events say of one task, in its total order, into where it stands. Pure: same events, same standing.

A task that has ended stays so: an event that comes, or is ordered, after its end never reopens it, for the vendor
promises no order (vendor reference section 7). Which of several ends counts is decided by the order alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from integrations.facts import ActivityAdded, TaskChanged


class State(StrEnum):
    """Where a task stands, as far as events say."""

    SEEN = "seen"  # an event names it, none says where it stands
    SCHEDULED = "scheduled"
    STARTED = "started"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


ENDS = frozenset({State.COMPLETED, State.CANCELLED})
PROGRESS = (State.SEEN, State.SCHEDULED, State.STARTED)


@dataclass(frozen=True, slots=True)
class Saying:
    """What one event says of a task."""

    order_key: bytes
    at: datetime
    position: int
    fact: TaskChanged | ActivityAdded | None  # None: the event names the task, and says nothing more of it


@dataclass(frozen=True, slots=True)
class Moment:
    """When a state was reached, by whom, and which event says so."""

    at: datetime
    position: int
    person: str | None


@dataclass(slots=True)
class Standing:
    """All that events say of a task."""

    state: State = State.SEEN
    reached: dict[State, Moment] = field(default_factory=dict)  # the first event of each state
    state_at: datetime | None = None
    activities: int = 0
    last_activity_at: datetime | None = None
    about_kind: str = ""
    about: str = ""
    tags: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    people: list[str] = field(default_factory=list)  # who acted, in the order of their first act
    head_key: bytes = b""
    position: int = 0  # of the last event


def fold(sayings: Iterable[Saying]) -> Standing:
    """Return where a task stands; the sayings must come in order."""
    standing = Standing()
    for saying in sayings:
        _step(standing, saying)
    return standing


def _step(standing: Standing, saying: Saying) -> None:
    fact = saying.fact
    standing.head_key, standing.position = saying.order_key, saying.position
    if fact is None:
        return
    if fact.person and fact.person not in standing.people:
        standing.people.append(fact.person)
    if fact.about:
        standing.about_kind = fact.about_kind or "" if isinstance(fact, TaskChanged) else "equipment"
        standing.about = fact.about
    # An event that carries no tags or parts says nothing of them: their absence is not documented to mean "none".
    standing.tags = fact.tags or standing.tags
    standing.parts = fact.parts or standing.parts
    if isinstance(fact, ActivityAdded):
        standing.activities += 1
        standing.last_activity_at = saying.at
        if standing.state in {State.SEEN, State.SCHEDULED}:
            standing.state, standing.state_at = State.STARTED, saying.at  # somebody works on it
        return
    state = State(fact.state)
    moment = Moment(saying.at, saying.position, fact.person)
    standing.reached.setdefault(state, moment)
    if standing.state in ENDS:
        if state in ENDS and state is not standing.state:
            standing.reached[state] = moment
            standing.state, standing.state_at = state, saying.at
    elif state in ENDS or PROGRESS.index(state) > PROGRESS.index(standing.state):
        standing.state, standing.state_at = state, saying.at
