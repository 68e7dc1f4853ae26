"""Reads tasks: keyset pages merged over networks, the columns of a board, and counts, at a cost that does not grow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from portal.lib.periods import moments_of
from portal.lib.statements import each_row
from portal.networks.models import Network
from portal.tasks.conditions import Conditions, conditions_of, words_of
from portal.tasks.filters import TaskFilters
from portal.tasks.models import Plan, Task

PAGE_SIZE = 50
COUNTED = 1000  # counts are exact up to this, and say so beyond
CARDS = 20  # of one column of a board
FEW = 2000  # so many tasks that fit a tag, a text, a person or a part are looked at one by one
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS = {  # column, direction
    "latest": ("t.head_key", "DESC"),
    "quietest": ("t.head_key", "ASC"),
    "changed": ("t.state_at", "DESC"),
    "waiting": ("t.state_at", "ASC"),
    "due": ("p.ends_at", "ASC"),
    "due-last": ("p.ends_at", "DESC"),
}
OTHER_WAY = {"ASC": "DESC", "DESC": "ASC"}
# Tasks named by the latest events about a person or a part.
NAMED = """
SELECT DISTINCT s.network_id, s.key FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (
    SELECT e.network_id, e.position FROM timeline_eventsubject e
    WHERE e.network_id = n.id AND e.kind = %s AND e.key = ANY (%s) ORDER BY e.order_key DESC LIMIT %s) e
JOIN timeline_eventsubject s ON s.network_id = e.network_id AND s.position = e.position AND s.kind = 'task'
"""
NAMED_EVENTS = """
SELECT count(*) FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (
    SELECT 1 FROM timeline_eventsubject e WHERE e.network_id = n.id AND e.kind = %s AND e.key = ANY (%s) LIMIT %s) e
"""
PLANNED = """
SELECT p.network_id, p.task FROM unnest(%s::uuid[]) n(id) CROSS JOIN LATERAL (
    SELECT network_id, task FROM tasks_plan WHERE network_id = n.id AND ends_at IS NOT NULL
    AND (%s::timestamptz IS NULL OR ends_at >= %s) AND (%s::timestamptz IS NULL OR ends_at < %s)
    ORDER BY ends_at LIMIT %s) p
"""
REFERENCE = """
SELECT reference FROM timeline_subject
WHERE network_id = ANY (%s) AND kind = 'part' AND key = %s AND reference <> '' LIMIT 1
"""
Place = tuple[UUID, str]  # network and key of a task


@dataclass(frozen=True, slots=True)
class View:
    """A view of the tasks of some networks, ready to be asked. Needs the scope."""

    networks: Sequence[Network]
    filters: TaskFilters
    zone: ZoneInfo
    now: datetime
    references: tuple[str, ...] = ()
    few: tuple[Place, ...] | None = None  # the tasks that may fit, where they are few
    is_broad: bool = False  # very many tasks may fit: they are found one by one, and not counted

    def conditions(self) -> Conditions:
        """Return what its tasks fulfil."""
        return conditions_of(self.filters, self.references, zone=self.zone, now=self.now)

    def narrowed(self, **changes: Any) -> View:
        """Return the same view with other filters that leave tag, text, person and part as they are."""
        return replace(self, filters=replace(self.filters, **changes))


@dataclass(frozen=True, slots=True)
class Line:
    """A task, and its plan where a job of ours scheduled it."""

    task: Task
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page of tasks; cursors are None where there is nothing further."""

    lines: list[Line]
    previous: str | None
    next: str | None


def view_of(networks: Sequence[Network], filters: TaskFilters, *, zone: ZoneInfo, now: datetime) -> View:
    """Return a view; where few tasks can fit its rarest words, they are found first."""
    ids = [network.id for network in networks]
    references: tuple[str, ...] = ()
    if filters.part:
        references = tuple(f"ref:{reference}" for (reference,) in _rows(REFERENCE, [ids, filters.part]))
    view = View(networks, filters, zone, now, references)
    words = words_of(filters.query) if filters.query else ""
    if filters.tag or words:
        exactly = tuple((network_id, f"id:{filters.query}") for network_id in ids) if words else ()
        few = few_found(ids, filters.tag, words)
        if few is not None:
            return replace(view, few=tuple(dict.fromkeys(few + exactly)))
        view = replace(view, is_broad=bool(words))
    named = ("person", [filters.person]) if filters.person else ("part", [filters.part, *references])
    if filters.person or filters.part:
        few = few_named(ids, *named)
        if few is not None:
            return replace(view, few=few)
        view = replace(view, is_broad=True)
    if filters.moment == "planned" and filters.has_period:
        low, high = moments_of(filters.preset, filters.start, filters.end, zone=zone, now=now)
        found = _rows(PLANNED, [ids, low, low, high, high, FEW + 1])[: FEW + 1]
        few = tuple(found) if len(found) <= FEW else None
        return replace(view, few=few, is_broad=view.is_broad or few is None)
    return view


def few_found(ids: Sequence[UUID], tag: str, words: str = "") -> tuple[Place, ...] | None:
    """Return the tasks with a tag, or these words; None where they are not few."""
    sql = "SELECT * FROM portal_tasks_found(%s::uuid[], %s, %s, %s)"
    found = _rows(sql, [list(ids), tag or None, words or None, FEW + 1])
    return tuple(found) if len(found) <= FEW else None


def few_named(ids: Sequence[UUID], kind: str, keys: Sequence[str]) -> tuple[Place, ...] | None:
    """Return the tasks of the events about a person or a part; None where those events are not few."""
    ((events,),) = _rows(NAMED_EVENTS, [list(ids), kind, list(keys), FEW + 1])
    return tuple(_rows(NAMED, [list(ids), kind, list(keys), FEW])) if events <= FEW else None


def task_page(view: View, *, before: str = "", after: str = "", size: int = PAGE_SIZE) -> TaskPage:
    """Return one page. `after` goes on behind a task, `before` comes back to what stands before it: see `_cursor`."""
    order = view.filters.sort or "latest"
    back = bool(_place(before, order))
    found = _find(view, size + 1, _place(before if back else after, order), back=back)
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    previous = _cursor(found[0]) if found and (more if back else _place(after, order)) else None
    following = _cursor(found[-1]) if found and (more or back) else None
    return TaskPage(load_lines([(network_id, task) for network_id, task, _ in found]), previous, following)


def all_places(view: View) -> Iterator[Place]:
    """Yield every task of a view in its order, all as of one moment: a task moves with each of its events."""
    if asked := _asked(view, None):
        for network_id, task, _value in each_row(*asked):
            yield network_id, task


def board_of(view: View, states: Sequence[str], *, size: int = CARDS) -> dict[str, list[Line]]:
    """Return the first tasks of each state."""
    wanted = conditions_of(view.filters, view.references, zone=view.zone, now=view.now)
    shown = [state for state in states if not wanted.states or state in wanted.states]
    columns: dict[str, list[Place]] = {state: [] for state in states}
    if shown and not wanted.impossible:
        column, direction = ORDERS[view.filters.sort or "latest"]
        wanted.states = tuple(shown)
        inner, values = _scan(view, wanted, f"{column} AS value, s.state", f"ORDER BY {column} {direction} LIMIT %s")
        sql = f"""SELECT m.state, m.network_id, m.task FROM (
            SELECT m.*, row_number() OVER (PARTITION BY m.state
                ORDER BY m.value {direction}, m.network_id {direction}, m.task {direction}) AS place
            FROM {inner}) m WHERE m.place <= %s ORDER BY m.place"""  # noqa: S608 - fixed parts only
        for state, network_id, task in _rows(sql, [*values, size, size]):
            columns[state].append((network_id, task))
    lines = {
        (line.task.network_id, line.task.task): line
        for line in load_lines([place for column in columns.values() for place in column])
    }
    return {state: [lines[place] for place in column if place in lines] for state, column in columns.items()}


def count_of(views: dict[str, View]) -> dict[str, int | None]:
    """Return how many tasks each view holds, at most `COUNTED` + 1, in one query; None where that would cost too much.

    The views differ in what is cheap to tell, such as states: all have the same words, tag, person and part.
    """
    counts: dict[str, int | None] = dict.fromkeys(views, 0)
    asked = {name: view.conditions() for name, view in views.items()}
    asked = {name: wanted for name, wanted in asked.items() if not wanted.impossible}
    if any(view.is_broad for view in views.values()):
        return dict.fromkeys(views)
    if asked and views[next(iter(asked))].few is not None:
        return counts | _count_few(views[next(iter(asked))], asked)
    parts, values = [], []
    for name, wanted in asked.items():
        # In the order of an index, so that PostgreSQL takes it: else it hopes to meet enough tasks soon, anywhere.
        order = "t.state_at" if "t.state_at" in " ".join(wanted.sql) and wanted.states else "t.head_key"
        order = "p.ends_at" if wanted.by_plan else order
        inner, inside = _scan(views[name], wanted, "1 AS one", f"ORDER BY {order} DESC LIMIT %s")
        parts.append(f"SELECT %s::text, count(*) FROM (SELECT 1 FROM {inner} LIMIT %s) c")  # noqa: S608 - fixed parts
        values += [name, *inside, COUNTED + 1, COUNTED + 1]
    if parts:
        counts |= dict(_rows(" UNION ALL ".join(parts), values))
    return counts


def _count_few(view: View, asked: dict[str, Conditions]) -> dict[str, int]:
    """Return how many of the tasks that may fit do so, by one look at each of them."""
    columns, values = [], []
    for wanted in asked.values():
        conditions = [*(["t.state = ANY (%s)"] if wanted.states else []), *wanted.sql, "true"]
        columns.append(f"least(count(*) FILTER (WHERE {' AND '.join(conditions)}), {COUNTED + 1})")
        values += [*([list(wanted.states)] if wanted.states else []), *wanted.values]
    few = view.few or ()
    sql = f"""SELECT {", ".join(columns)} FROM unnest(%s::uuid[], %s::text[]) n(id, zone)
        JOIN unnest(%s::uuid[], %s::text[]) f(network_id, task) ON f.network_id = n.id
        JOIN tasks_task t ON t.network_id = f.network_id AND t.task = f.task
        LEFT JOIN tasks_plan p ON p.network_id = t.network_id AND p.task = t.task"""  # noqa: S608 - fixed parts only
    values += [*_columns(view), [network_id for network_id, _ in few], [task for _, task in few]]
    return dict(zip(asked, _rows(sql, values)[0], strict=True))


def load_lines(places: Sequence[Place]) -> list[Line]:
    """Return tasks with their plans, in the order given."""
    if not places:
        return []
    wanted = {"network_id__in": {place[0] for place in places}, "task__in": {place[1] for place in places}}
    tasks = {(task.network_id, task.task): task for task in Task.objects.filter(**wanted)}
    plans = {(plan.network_id, plan.task): plan for plan in Plan.objects.filter(**wanted)}
    return [Line(tasks[place], plans.get(place)) for place in places if place in tasks]


def _find(view: View, limit: int, place: tuple[Any, UUID, str] | None, *, back: bool = False) -> list[Any]:
    """Return network, key and sort value of tasks in order, behind a place (or before it, nearest first)."""
    asked = _asked(view, limit, place, back=back)
    return _rows(*asked) if asked else []


def _asked(
    view: View, limit: int | None, place: tuple[Any, UUID, str] | None = None, *, back: bool = False
) -> tuple[str, list[Any]] | None:
    """Return the statement that finds tasks, of any number without a limit; None where no task can fit."""
    wanted = view.conditions()
    if wanted.impossible:
        return None
    column, direction = ORDERS[view.filters.sort or "latest"]
    direction = OTHER_WAY[direction] if back else direction
    if place:
        sign = ">" if direction == "ASC" else "<"
        # The first comparison is what an index serves, the second one tells equals apart.
        wanted.add(f"{column} {sign}= %s AND ({column}, n.id, t.task) {sign} (%s, %s, %s)", place[0], *place)
    order = f"ORDER BY {column} {direction}, t.task {direction} LIMIT %s"
    inner, values = _scan(view, wanted, f"{column} AS value", order)
    sql = f"""SELECT m.network_id, m.task, m.value FROM {inner}
        ORDER BY m.value {direction}, m.network_id {direction}, m.task {direction} LIMIT %s"""  # noqa: S608 - fixed parts
    return sql, [*values, limit, limit]


def _scan(view: View, wanted: Conditions, columns: str, ending: str) -> tuple[str, list[Any]]:
    """Return the scan per network (and per state), to be called `m`, with its values; `ending` takes one more."""
    values = _columns(view)
    states, few = "", ""
    if wanted.states:
        states = "CROSS JOIN unnest(%s::text[]) s(state)"
        values.append(list(wanted.states))
    conditions = ["t.network_id = n.id", *(["t.state = s.state"] if wanted.states else []), *wanted.sql]
    if view.few is not None:
        few = (
            "JOIN unnest(%s::uuid[], %s::text[]) f(network_id, task) ON f.network_id = t.network_id AND f.task = t.task"
        )
        values += [[network_id for network_id, _ in view.few], [task for _, task in view.few]]
    plan = ""
    if wanted.by_plan:
        plan = "JOIN tasks_plan p ON p.network_id = t.network_id AND p.task = t.task"
    elif wanted.needs_plan:
        # One by one, behind the other conditions: few tasks are open.
        plan = """CROSS JOIN LATERAL (SELECT w.ends_at, w.all_day FROM tasks_plan w
            WHERE w.network_id = t.network_id AND w.task = t.task OFFSET 0) p"""
    sql = f"""unnest(%s::uuid[], %s::text[]) n(id, zone) {states} CROSS JOIN LATERAL (
        SELECT t.network_id, t.task, {columns} FROM tasks_task t {few} {plan}
        WHERE {" AND ".join(conditions)} {ending}) m"""  # noqa: S608 - fixed parts only
    return sql, [*values, *wanted.values]


def _columns(view: View) -> list[Any]:
    return [[network.id for network in view.networks], [network.time_zone for network in view.networks]]


def _cursor(found: tuple[UUID, str, Any]) -> str:
    """Return a task's place: its value in the order, its network and its key."""
    network_id, task, value = found
    number = (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else bytes(value).hex()
    return f"{number}.{network_id.hex}.{task}"


def _place(cursor: str, order: str) -> tuple[Any, UUID, str] | None:
    """Return what a cursor says; None where it says nothing that makes sense in this order."""
    value, _, rest = cursor.partition(".")
    network, _, task = rest.partition(".")
    try:
        if ORDERS[order][0] == "t.head_key":
            return bytes.fromhex(value), UUID(hex=network), task.replace("\0", "")
        return EPOCH + timedelta(microseconds=int(value)), UUID(hex=network), task.replace("\0", "")
    except (ValueError, OverflowError):
        return None


def _rows(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
