"""The SQL conditions of a view of tasks: `t` is the task, `p` its plan if a job of ours made one, `n` the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from integrations.mobility_work.terms import search_terms
from portal.lib.periods import moments_of
from portal.tasks.filters import BY_PLAN, BY_STATE, OPEN, TaskFilters
from portal.tasks.models import Task

# A plan of whole days is over when its last day is, in the network's time zone.
DUE = """CASE WHEN p.all_day THEN (date_trunc('day', p.ends_at AT TIME ZONE n.zone) + interval '1 day')
    AT TIME ZONE n.zone ELSE p.ends_at END"""
# The first of the two comparisons has an index.
IS_PAST_DUE = f"(p.ends_at < %s AND {DUE} <= %s)"
LAST_WORK = "greatest(t.state_at, t.last_activity_at)"
PLANNED = "p.ends_at IS NOT NULL"
# Looked up for one task after the other: PostgreSQL would else read the names of all of them first.
WORDS = """(coalesce((SELECT portal_task_words(s.label || ' ' || s.reference) @@ to_tsquery('simple', %s)
        FROM timeline_subject s WHERE s.network_id = t.network_id AND s.kind = 'task' AND s.key = t.task), false)
    OR coalesce((SELECT portal_task_words(w.description) @@ to_tsquery('simple', %s)
        FROM tasks_plan w WHERE w.network_id = t.network_id AND w.task = t.task), false))"""


@dataclass(slots=True)
class Conditions:
    """What tasks of a view fulfil; `states` are scanned one by one where an index by state serves best."""

    sql: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    states: tuple[str, ...] = ()
    needs_plan: bool = False  # only tasks with a plan can fulfil them
    by_plan: bool = False  # and few enough plans do, so that these are looked at first
    impossible: bool = False

    def add(self, sql: str, *values: Any) -> None:
        """Add one condition with its values."""
        self.sql.append(sql)
        self.values += values


def stale_before(now: datetime) -> datetime:
    """Return the moment before which the last sign of work makes a started task stale."""
    return now - timedelta(days=settings.PORTAL_STALE_DAYS)


def words_of(query: str) -> str:
    """Return a search as PostgreSQL writes it: every word must begin some word of a task; "" where there is none."""
    words = [word for word in search_terms(query) if any(letter.isalnum() for letter in word)]
    return " & ".join("'" + word.replace("\\", "").replace("'", "''") + "':*" for word in words)


def conditions_of(filters: TaskFilters, references: tuple[str, ...], *, zone: ZoneInfo, now: datetime) -> Conditions:
    """Return the conditions of a view; `references` are the other keys of the part that is asked for."""
    found = Conditions(states=filters.states)
    if filters.overdue:
        found.states = _only(found.states, tuple(OPEN))
        found.add(IS_PAST_DUE, now, now)
        found.needs_plan = True
    if filters.stale:
        found.states = _only(found.states, (Task.State.STARTED,))
        found.add(f"{LAST_WORK} < %s", stale_before(now))
    found.impossible = found.states == ("",)
    if filters.equipment:
        found.add("t.about = %s AND t.about_kind = 'equipment'", filters.equipment)
    if filters.part:
        keys = (filters.part, *references)
        needed = " OR ".join("t.parts @> jsonb_build_array(jsonb_build_array(%s::text))" for _ in keys)
        found.add(f"({needed} OR (t.about = ANY (%s) AND t.about_kind = 'part'))", *keys, list(keys))
    if filters.tag:
        found.add("t.tags @> ARRAY[%s]::varchar[]", filters.tag)
    if filters.person:
        found.add("t.people @> ARRAY[%s]::varchar[]", filters.person)
    if filters.query:
        words = words_of(filters.query)
        found.add(f"(t.task = %s OR {WORDS})", f"id:{filters.query}", words, words)
        found.impossible |= not words
    _period(found, filters, zone=zone, now=now)
    if filters.sort in BY_PLAN:
        found.needs_plan = True
        found.by_plan = not (filters.overdue or filters.stale)
        found.add(PLANNED)
    if filters.sort in BY_STATE:
        found.add("t.state_at IS NOT NULL")
        found.states = found.states or tuple(Task.State.values)
    return found


def _only(chosen: tuple[str, ...], possible: tuple[str, ...]) -> tuple[str, ...]:
    """Return the states that are both chosen and possible; a state that no task has where there is none."""
    return tuple(state for state in chosen if state in possible) or (("",) if chosen else possible)


def _period(found: Conditions, filters: TaskFilters, *, zone: ZoneInfo, now: datetime) -> None:
    if not filters.has_period:
        return
    low, high = moments_of(filters.preset, filters.start, filters.end, zone=zone, now=now)
    column = "p.ends_at" if filters.moment == "planned" else "t.state_at"
    if filters.moment == "planned":
        found.needs_plan = True
        found.by_plan = not (filters.overdue or filters.stale)
    if filters.moment != "planned":
        found.states = found.states or tuple(Task.State.values)
    if low:
        found.add(f"{column} >= %s", low)
    if high:
        found.add(f"{column} < %s", high)
