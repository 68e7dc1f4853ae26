"""What is known of one part: where it lies, what used it up, the jobs that touched it, the tasks that need it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from integrations.mobility_work.ordering import lower_bound
from portal.explore.stock.names import Named, names_of
from portal.jobs.models import Job, Row
from portal.jobs.moves import as_they_stand
from portal.jobs.states import ROW_LOOKS, RowState
from portal.lib.statements import rows_of
from portal.networks.models import Network
from portal.stock.models import Level, NetworkScope, Part
from portal.stock.standing import Scope
from portal.timeline.models import Subject
from portal.timeline.queries import known_since

MONTHS = 12
LARGEST = 10  # tasks and equipments that used the most
JOBS = 10
TASKS = 20
LOCATIONS = 200
OPEN = ("seen", "scheduled", "started")
USED = "network_id = %s AND part = %s AND order_key >= %s AND kind = 'consumed'"
BY_MONTH = f"""
SELECT date_trunc('month', occurred_at AT TIME ZONE %s)::date, coalesce(sum(quantity), 0), count(*)
FROM stock_entry WHERE {USED} GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - fixed parts only
BY_TASK = f"""
SELECT task, coalesce(sum(quantity), 0) AS used, max(occurred_at) FROM stock_entry
WHERE {USED} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LARGEST + 1}
"""  # noqa: S608
BY_EQUIPMENT = f"""
SELECT t.about, coalesce(sum(e.quantity), 0), max(e.occurred_at)
FROM (SELECT network_id, task, quantity, occurred_at FROM stock_entry WHERE {USED} AND task IS NOT NULL) e
JOIN tasks_task t ON t.network_id = e.network_id AND t.task = e.task AND t.about_kind = 'equipment'
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LARGEST}
"""  # noqa: S608
CANCELLED = """
SELECT count(*) FROM stock_entry
WHERE network_id = %s AND part = %s AND order_key >= %s AND kind = 'consumption_cancelled'
"""
# The tasks of the events that name the part: behind the policies no index would be used to look into `parts`.
NEEDED = """
WITH named AS MATERIALIZED (
    SELECT DISTINCT o.key FROM timeline_eventsubject s
    JOIN timeline_eventsubject o ON o.network_id = s.network_id AND o.position = s.position AND o.kind = 'task'
    WHERE s.network_id = %s AND s.kind = 'part' AND s.key = ANY (%s)
)
SELECT t.task, t.state, t.state_at, t.parts, t.about_kind, t.about, p.ends_at FROM named
JOIN tasks_task t ON t.network_id = %s AND t.task = named.key
LEFT JOIN tasks_plan p ON p.network_id = t.network_id AND p.task = t.task
WHERE t.state = ANY (%s) AND EXISTS (SELECT 1 FROM jsonb_array_elements(t.parts) needed WHERE needed->>0 = ANY (%s))
ORDER BY t.head_key DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the levels of a network count, and the votes on which that rests."""

    scope: Scope
    for_location: int
    for_part: int


def counted_on(network: Network) -> Counted:
    """Return the finding. Needs the scope of the network."""
    found = NetworkScope.objects.filter(network_id=network.id).first()
    return (
        Counted(Scope(found.scope), found.votes_location, found.votes_part) if found else Counted(Scope.UNKNOWN, 0, 0)
    )


def levels_of(network: Network, part: str) -> list[tuple[Level, Named]]:
    """Return where a part was seen, by the name of the location. Needs the scope."""
    levels = list(Level.objects.filter(network_id=network.id, part=part)[:LOCATIONS])
    names = names_of([network], [(network.id, "location", level.location) for level in levels])
    named = [(level, names[network.id, "location", level.location]) for level in levels]
    return sorted(named, key=lambda pair: (pair[1].label, pair[0].location))


@dataclass(frozen=True, slots=True)
class Use:
    """How much something used up."""

    quantity: Decimal
    of: Named | None = None
    last_at: datetime | None = None
    month: date | None = None
    is_known: bool = True  # of a month before the first event nothing is


@dataclass(frozen=True, slots=True)
class Consumption:
    """What used a part up, in the last months."""

    months: list[Use]
    tasks: list[Use]
    equipments: list[Use]
    cancelled: int  # consumptions that were taken back; nobody says how much
    known_since: date | None  # where that is later than the first day of the months: of those before nothing is known

    @property
    def total(self) -> Decimal:
        """Return all that was used."""
        return sum((use.quantity for use in self.months), Decimal(0))

    @property
    def most(self) -> Decimal:
        """Return the largest of the months, for the length of bars."""
        return max((use.quantity for use in self.months), default=Decimal(0))


def consumption_of(network: Network, part: str, *, now: datetime) -> Consumption:
    """Return what used a part up in the last twelve months, this one included. Needs the scope."""
    zone = ZoneInfo(network.time_zone)
    months = _months(now.astimezone(zone).date())
    since = lower_bound(datetime.combine(months[0], datetime.min.time(), zone))
    asked = [network.id, part, since]
    since_event = known_since([network])
    first = since_event.astimezone(zone).date() if since_event else None
    used = {month: quantity for month, quantity, _count in rows_of(BY_MONTH, zone.key, *asked)}
    tasks, equipments = rows_of(BY_TASK, *asked), rows_of(BY_EQUIPMENT, *asked)
    things = [(network.id, "task", task) for task, *_ in tasks if task]
    things += [(network.id, "equipment", about) for about, *_ in equipments]
    names = names_of([network], things)
    return Consumption(
        months=[
            Use(used.get(month, Decimal(0)), month=month, is_known=bool(first and first < _next(month)))
            for month in months
        ]
        if used
        else [],
        known_since=first if first and first > months[0] else None,
        tasks=[Use(quantity, names.get((network.id, "task", task or "")), at) for task, quantity, at in tasks],
        equipments=[Use(quantity, names[network.id, "equipment", about], at) for about, quantity, at in equipments],
        cancelled=rows_of(CANCELLED, *asked)[0][0],
    )


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _months(today: date) -> list[date]:
    """Return the first days of the last twelve months, oldest first."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Touch:
    """A row of a job that was about the part."""

    row: Row
    job: Job
    look: tuple[str, str]


def jobs_about(network: Network, names: Sequence[str]) -> list[Touch]:
    """Return the latest rows of jobs about a part, by all of its names. Needs the scope."""
    found = Row.objects.filter(network_id=network.id, about__in=names).order_by("-job_id", "number")[:JOBS]
    of_jobs = groupby(found, key=lambda row: row.job_id)
    rows = [row for job_id, mine in of_jobs for row in as_they_stand(network.id, job_id, mine)]
    jobs = {job.id: job for job in Job.objects.filter(network_id=network.id, id__in={row.job_id for row in rows})}
    return [Touch(row, jobs[row.job_id], ROW_LOOKS[RowState(row.state)]) for row in rows if row.job_id in jobs]


@dataclass(frozen=True, slots=True)
class Need:
    """An open task that needs the part."""

    task: Named
    state: str
    state_at: datetime | None
    quantity: str  # as the event says it; "" where it does not
    about: Named | None
    ends_at: datetime | None


def needed_by(network: Network, names: Sequence[str]) -> list[Need]:
    """Return the open tasks that need a part, by its key and its reference, the latest first. Needs the scope."""
    found = rows_of(NEEDED, network.id, list(names), network.id, list(OPEN), list(names), TASKS)
    things = [(network.id, "task", task) for task, *_ in found]
    things += [(network.id, kind, about) for *_, kind, about, _ends in found if about]
    named = names_of([network], things)
    return [
        Need(
            task=named[network.id, "task", task],
            state=state,
            state_at=at,
            quantity=next((each[1] for each in _parts(parts) if each[0] in names and len(each) > 1), ""),
            about=named.get((network.id, kind, about)),
            ends_at=ends_at,
        )
        for task, state, at, parts, kind, about, ends_at in found
    ]


def _parts(stored: Any) -> list[list[str]]:
    parts: list[list[str]] = json.loads(stored) if isinstance(stored, str) else stored
    return parts


def same_reference(network: Network, subject: Subject) -> list[Subject]:
    """Return the other parts that go by the same reference. Needs the scope."""
    if not subject.reference:
        return []
    same = Subject.objects.filter(network_id=network.id, kind="part", reference=subject.reference)
    others = list(same.exclude(key=subject.key).order_by("key")[:LARGEST])
    # A reference alone is but another name of the part, unless something told of its stock by that name.
    keys = [each.key for each in others]
    told = set(Part.objects.filter(network_id=network.id, part__in=keys).values_list("part", flat=True))
    return [each for each in others if each.key.startswith("id:") or each.key in told]
