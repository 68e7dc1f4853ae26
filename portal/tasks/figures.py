"""Figures of the work that was done, worked out by the database, each with the number of tasks that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from portal.networks.models import Network
from portal.tasks.conditions import DUE

GROUPS = 15  # of a table by equipment or tag
# Networks with their zones, and their tasks that ended, or started, in a span of time.
ENDED = """unnest(%s::uuid[], %s::text[]) n(id, zone) CROSS JOIN unnest(ARRAY['completed', 'cancelled']) s(state)
    JOIN tasks_task t ON t.network_id = n.id AND t.state = s.state AND t.state_at >= %s AND t.state_at < %s"""
STARTED = """unnest(%s::uuid[], %s::text[]) n(id, zone)
    JOIN tasks_task t ON t.network_id = n.id AND t.started_at >= %s AND t.started_at < %s"""
PLANS = "LEFT JOIN tasks_plan p ON p.network_id = t.network_id AND p.task = t.task"
COUNTS = "count(*) FILTER (WHERE t.state = 'completed'), count(*) FILTER (WHERE t.state = 'cancelled')"
SPENT = "count(e.spent), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY e.spent)"
# Every figure of the tasks that ended, from one look at them: they are read once, however many tables show them.
REPORT = """
WITH ended AS MATERIALIZED (
    SELECT t.network_id, t.about_kind, t.about, t.tags, t.state = 'completed' AS completed,
        CASE WHEN t.state = 'completed' AND t.started_at <= t.completed_at
            THEN extract(epoch FROM t.completed_at - t.started_at)::float8 END AS spent,
        t.state = 'completed' AND p.ends_at IS NOT NULL AS planned,
        t.state = 'completed' AND t.completed_at <= {due} AS on_time,
        date_trunc('week', t.state_at AT TIME ZONE %s)::date AS week
    FROM {source}
), about AS (
    SELECT network_id, about_kind, about FROM ended WHERE about <> ''
    GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 3 LIMIT {groups}
), tagged AS (
    SELECT tag, spent, completed FROM ended CROSS JOIN LATERAL unnest(tags) g(tag)
), tag AS (
    SELECT tag FROM tagged GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {groups}
)
SELECT 'all' AS part, NULL::uuid, '', '', NULL::date, count(*) FILTER (WHERE completed), count(*) FILTER (WHERE NOT
    completed), {spent}, count(*) FILTER (WHERE planned), count(*) FILTER (WHERE on_time) FROM ended e
UNION ALL
SELECT 'week', NULL, '', '', week, count(*) FILTER (WHERE completed), count(*) FILTER (WHERE NOT completed), 0, NULL,
    0, 0 FROM ended GROUP BY week
UNION ALL
SELECT 'about', e.network_id, e.about_kind, e.about, NULL, count(*) FILTER (WHERE completed), count(*) FILTER (WHERE NOT
    completed), {spent}, 0, 0 FROM ended e JOIN about USING (network_id, about_kind, about) GROUP BY 2, 3, 4
UNION ALL
SELECT 'tag', NULL, '', e.tag, NULL, count(*) FILTER (WHERE completed), count(*) FILTER (WHERE NOT completed), {spent},
    0, 0 FROM tagged e JOIN tag USING (tag) GROUP BY 4
"""


def share(some: int, whole: int) -> int | None:
    """Return a percentage, None of nothing."""
    return round(100 * some / whole) if whole else None


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in seconds, and of how many tasks that is known; None where of none."""

    tasks: int
    median: float | None
    ninetieth: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one equipment or tag."""

    key: str
    completed: int
    cancelled: int
    worked: Times
    network_id: UUID | None = None
    kind: str = ""

    @property
    def ended(self) -> int:
        """Return how many tasks ended."""
        return self.completed + self.cancelled

    @property
    def cancelled_share(self) -> int:
        """Return the percentage of ended tasks that were cancelled."""
        return share(self.cancelled, self.ended) or 0


@dataclass(frozen=True, slots=True)
class Week:
    """How many tasks ended in the seven days from a Monday on."""

    monday: date
    completed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a span of time."""

    completed: int
    cancelled: int
    worked: Times  # from started to completed
    without_start: int  # completed, but no start is known, or one after the end
    waited: Times  # from scheduled to started
    started: int
    with_plan: int  # completed, and the planned end is known
    on_time: int

    @property
    def ended(self) -> int:
        """Return how many tasks ended."""
        return self.completed + self.cancelled

    @property
    def cancelled_share(self) -> int | None:
        """Return the percentage of ended tasks that were cancelled."""
        return share(self.cancelled, self.ended)

    @property
    def on_time_share(self) -> int | None:
        """Return the percentage of tasks with a known planned end that were completed by then."""
        return share(self.on_time, self.with_plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is told of a span: a task with several tags counts for each of them."""

    figures: Figures
    weeks: list[Week]
    equipments: list[Group]  # on which most tasks ended; a part where a task is about one
    tags: list[Group]  # of most tasks that ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whose tasks of which time are counted; `equipment` and `tag` narrow them."""

    networks: Sequence[Network]
    low: datetime
    high: datetime
    zone: ZoneInfo
    equipment: str = ""
    tag: str = ""

    def source(self, tasks: str, beside: str = "") -> tuple[str, list[Any]]:
        """Return the tables and conditions of a statement, with their values."""
        conditions, values = ["true"], self._values()
        if self.equipment:
            conditions.append("t.about = %s AND t.about_kind = 'equipment'")
            values.append(self.equipment)
        if self.tag:
            conditions.append("t.tags @> ARRAY[%s]::varchar[]")
            values.append(self.tag)
        return f"{tasks} {beside} WHERE {' AND '.join(conditions)}", values

    def _values(self) -> list[Any]:
        ids = [network.id for network in self.networks]
        return [ids, [network.time_zone for network in self.networks], self.low, self.high]


def report_of(span: Span) -> Report:
    """Return the figures of a span: as a whole, by week, by equipment and by tag. Needs the scope."""
    source, values = span.source(ENDED, PLANS)
    statement = REPORT.format(source=source, due=DUE, spent=SPENT, groups=GROUPS)
    found: dict[str, list[Any]] = {"all": [], "week": [], "about": [], "tag": []}
    for part, *row in _rows(statement, [span.zone.key, *values]):
        found[part].append(row)
    source, values = span.source(STARTED)
    ((started, waited, waits),) = _rows(
        f"""SELECT count(*), count(*) FILTER (WHERE t.scheduled_at <= t.started_at),
            percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP
                (ORDER BY extract(epoch FROM t.started_at - t.scheduled_at)::float8)
            FILTER (WHERE t.scheduled_at <= t.started_at) FROM {source}""",  # noqa: S608 - fixed parts only
        values,
    )
    ((*_place, completed, cancelled, worked, spent, with_plan, on_time),) = found["all"]
    return Report(
        figures=Figures(
            completed=completed,
            cancelled=cancelled,
            worked=_times(worked, spent),
            without_start=completed - worked,
            waited=_times(waited, waits),
            started=started,
            with_plan=with_plan,
            on_time=on_time,
        ),
        weeks=_weeks(span, {week: (done, gone) for _network, _kind, _key, week, done, gone, *_ in found["week"]}),
        equipments=_groups(found["about"]),
        tags=_groups(found["tag"]),
    )


def _groups(rows: Sequence[Any]) -> list[Group]:
    """Return groups, the one with most tasks that ended first."""
    groups = [
        Group(key, completed, cancelled, _times(worked, spent), network_id, kind)
        for network_id, kind, key, _week, completed, cancelled, worked, spent, *_ in rows
    ]
    return sorted(groups, key=lambda group: (-group.ended, group.key))


def _weeks(span: Span, found: dict[date, tuple[int, int]]) -> list[Week]:
    """Return how many tasks ended in each week of a span, weeks without any included."""
    first, last = span.low.astimezone(span.zone).date(), (span.high - timedelta(microseconds=1)).astimezone(span.zone)
    monday = first - timedelta(days=first.weekday())
    weeks = []
    while monday <= last.date():
        weeks.append(Week(monday, *found.get(monday, (0, 0))))
        monday += timedelta(days=7)
    return weeks


def ended_before(span: Span) -> tuple[int, int]:
    """Return how many tasks were completed and cancelled in a span of the same length before this one."""
    earlier = replace(span, low=span.low - (span.high - span.low), high=span.low)
    source, values = earlier.source(ENDED)
    ((completed, cancelled),) = _rows(f"SELECT {COUNTS} FROM {source}", values)  # noqa: S608 - fixed parts only
    return completed, cancelled


def _times(tasks: int, spent: Sequence[float] | None) -> Times:
    return Times(tasks, *(spent if spent else (None, None)))


def _rows(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
