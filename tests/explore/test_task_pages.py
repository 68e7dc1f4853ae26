"""The pages of tasks: what a view holds, in which order, over pages and networks; a task with its evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.explore.task_page import ODD, odd_among
from portal.lib.ids import new_id
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.models import Network
from portal.tasks import queries
from portal.tasks.filters import SORTS, TaskFilters, read_task_filters
from portal.tasks.fold import State
from portal.tasks.models import Task
from portal.tasks.queries import all_places, board_of, count_of, task_page, view_of
from portal.tasks.record import PlannedTask, record_plan
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.timeline.test_timeline import arrive, client_of
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
WORDS = {"scheduled": "TaskWasScheduled", "started": "TaskWasStarted", "canceled": "TaskWasCanceled"}
numbers: Iterator[int] = count()


def told(task: str, word: str, at: datetime, **changes: Any) -> bytes:
    """Return an event that changes the state of a task."""
    person = {"userId": "7", "firstName": "Mehdi", "lastName": "Benali"}
    data: dict[str, Any] = {
        "_idempotencyKey": f"key-{next(numbers)}",
        "associatedTo": {"_type": "Equipment", "type": "equipment", "id": "9", "itemCode": "PRH-1", "name": "Press"},
        "tags": [{"code": "$preventive"}],
        "metadata": {},
    }
    if word == "completed":
        data |= {"_event": "TaskWasCompleted", "id": task, "legacyId": task, "doneAt": at.isoformat()}
        data["initiator"] = person
    else:
        data |= {"_event": WORDS[word], "taskId": task, word: {"on": at.isoformat(), "by": person}}
    return json.dumps(data | changes).encode()


def consumed(task: str, description: str, at: datetime, *, part: str = "1") -> bytes:
    """Return a consumption for a task, which carries the task's description."""
    data = {
        "_event": "SparePartWasConsumed", "_idempotencyKey": f"key-{next(numbers)}", "emittedAt": at.isoformat(),
        "sparePart": {"id": part, "externalReference": f"BRG-{part}", "name": "Bearing"},
        "location": {"id": "1", "name": "Store"}, "initiator": {"userId": "7", "firstName": "Mehdi", "lastName": "B"},
        "consumed": {"_type": "SparePartConsumption", "quantity": 2, "previousStock": 12},
        "task": {"id": task, "description": description, "tags": []},
    }  # fmt: skip
    return json.dumps(data).encode()


def activity(task: str, at: datetime) -> bytes:
    data = {
        "_event": "ActivityWasAddedOnTask", "_type": "x", "_sentAt": at.isoformat(), "emittedAt": at.isoformat(),
        "_metadata": None, "_idempotencyKey": f"key-{next(numbers)}",
        "task": {"id": task, "description": "Change the seal", "tags": []},
        "equipment": {"id": "9", "itemCode": "PRH-1", "name": "Press"},
        "activity": {"id": "5", "description": "x", "createdAt": at.isoformat(),
                     "createdBy": {"userId": "8", "firstName": "Nora", "lastName": "Whitfield"}},
    }  # fmt: skip
    return json.dumps(data).encode()


def planned(place: ConnectedNetwork, task: str, end: datetime | None, **changes: Any) -> None:
    """Let it be known that a job of ours planned a task."""
    said: dict[str, Any] = {
        "task": f"id:{task}", "description": "", "starts_at": None, "ends_at": end, "all_day": False,
        "job_id": new_id(), "row": 2,
    }  # fmt: skip
    with network_scope(place.network.id):
        record_plan(place.network.id, PlannedTask(**(said | changes)))


def days(number: float) -> datetime:
    return NOW - timedelta(days=number)


def some_tasks(place: ConnectedNetwork) -> None:
    """Five tasks, in every state, one of them overdue and one stale."""
    press2 = {"_type": "Equipment", "type": "equipment", "id": "10", "itemCode": "PRH-2", "name": "Other press"}
    needed = [{"externalReference": "BRG-1", "name": "Bearing", "quantity": 30}]
    arrive(
        place,
        told("a1", "scheduled", days(20)),
        told("b1", "scheduled", days(19), requiredSpareParts=needed),
        told("b1", "started", days(12)),
        told("c1", "scheduled", days(18), associatedTo=press2),
        told("c1", "started", days(3), associatedTo=press2),
        consumed("c1", "Étanchéité du vérin ROUL-6205", days(2)),
        told("d1", "scheduled", days(17)),
        told("d1", "started", days(16)),
        told("d1", "completed", days(15), tags=[{"code": "$safety"}]),
        told("e1", "scheduled", days(16)),
        told("e1", "canceled", days(1)),
    )
    planned(place, "a1", days(2), description="Grease the bearings")
    planned(place, "c1", NOW + timedelta(days=2))
    planned(place, "d1", days(14))


def keys(place: ConnectedNetwork, **wish: Any) -> str:
    """Return the keys of a view in their order, in short."""
    with network_scope(place.network.id):
        view = view_of([place.network], TaskFilters(**wish), zone=PARIS, now=NOW)
        found = [line.task.task.removeprefix("id:") for line in task_page(view).lines]
        assert [task.removeprefix("id:") for _network, task in all_places(view)] == found
        assert count_of({"x": view}) == {"x": None if view.is_broad else len(found)}
    return " ".join(found)


def test_filters_narrow_and_combine(world: World) -> None:
    place = world.foundry
    some_tasks(place)
    assert keys(place) == "e1 c1 b1 d1 a1"
    assert keys(place, states=("started",)) == "c1 b1"
    assert keys(place, states=("started", "cancelled")) == "e1 c1 b1"
    assert keys(place, equipment="id:10") == "c1"
    assert keys(place, equipment="id:11") == ""
    assert keys(place, tag="$safety") == "d1"
    assert keys(place, tag="$preventive", states=("scheduled",)) == "a1"
    assert keys(place, person="id:7") == "e1 c1 b1 d1 a1"
    assert keys(place, person="id:8") == ""
    assert keys(place, part="id:1") == "b1"  # named by its reference: every part that has it is meant
    assert keys(place, part="ref:BRG-1") == "b1"
    assert keys(place, overdue=True) == "a1"
    assert keys(place, stale=True) == "b1"
    assert keys(place, stale=True, overdue=True) == ""
    assert keys(place, overdue=True, states=("completed",)) == ""
    assert keys(place, start=days(3).date()) == "e1 c1"
    assert keys(place, end=days(12).date()) == "b1 d1 a1"
    assert keys(place, moment="planned", start=days(2).date(), end=days(2).date()) == "a1"
    assert keys(place, preset="7d") == "e1 c1"


@pytest.mark.parametrize("few", [0, 5000])
def test_text_finds_references_and_descriptions(world: World, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "FEW", few)  # however many fit, the same are found
    place = world.foundry
    some_tasks(place)
    assert keys(place, query="c1") == "c1"
    assert keys(place, query="etanch") == "c1"
    assert keys(place, query="VÉRIN roul-62") == "c1"
    assert keys(place, query="verin elsewhere") == ""
    assert keys(place, query="grease") == "a1"
    assert keys(place, query="' | ! & :* \\") == ""
    assert keys(place, query="grease", tag="$preventive") == "a1"
    assert keys(place, tag="$safety") == "d1"
    assert keys(place, person="id:7", states=("completed",)) == "d1"
    assert keys(place, part="id:1") == "b1"


def test_every_order(world: World) -> None:
    place = world.foundry
    some_tasks(place)
    assert keys(place, sort="quietest") == "a1 d1 b1 c1 e1"
    assert keys(place, sort="changed") == "e1 c1 b1 d1 a1"
    assert keys(place, sort="waiting") == "a1 d1 b1 c1 e1"
    assert keys(place, sort="due") == "d1 a1 c1"
    assert keys(place, sort="due-last") == "c1 a1 d1"
    assert keys(place, sort="waiting", states=("started",)) == "b1 c1"


@pytest.mark.parametrize("sort", ["", *SORTS])
def test_pages_follow_each_other_without_gap_or_overlap_over_several_networks(world: World, sort: str) -> None:
    places = (world.foundry, world.annex)
    for place in places:  # the same moments in both: they are told apart by network and key
        arrive(place, *(told(f"t{number}", "scheduled", days(20 - number // 3)) for number in range(12)))
        for number in range(12):
            planned(place, f"t{number}", days(number // 4))
    networks = [place.network for place in places]
    with tenant_scope(networks=[network.id for network in networks]):
        view = view_of(networks, TaskFilters(sort=sort), zone=PARIS, now=NOW)
        whole = [(line.task.network_id, line.task.task) for line in task_page(view).lines]
        assert len(whole) == len(set(whole)) == 24
        pages = [task_page(view, size=5)]
        while cursor := pages[-1].next:
            pages.append(task_page(view, after=cursor, size=5))
        assert [(line.task.network_id, line.task.task) for page in pages for line in page.lines] == whole
        back = [pages[-1]]
        while cursor := back[-1].previous:
            back.append(task_page(view, before=cursor, size=5))
        assert [[line.task.task for line in page.lines] for page in back[::-1]] == [
            [line.task.task for line in page.lines] for page in pages
        ]


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "99999999999999999999.0.x", "ff." + "0" * 32 + ".\0", "-1..", "…"])
def test_a_cursor_that_was_changed_by_hand_does_no_harm(world: World, cursor: str) -> None:
    some_tasks(world.foundry)
    client = client_of(world.alice)
    for sort in ("", "due"):
        for way in ("before", "after"):
            assert client.get("/tasks/", {way: cursor, "sort": sort}).status_code == 200


def test_a_plan_of_whole_days_is_over_at_the_end_of_its_last_day(world: World) -> None:
    place = world.foundry
    arrive(place, told("a1", "scheduled", days(20)), told("b1", "scheduled", days(20)))
    morning = datetime(2026, 3, 20, 7, tzinfo=UTC)
    planned(place, "a1", morning, all_day=True)
    planned(place, "b1", morning - timedelta(days=1), all_day=True)
    assert keys(place, overdue=True) == "b1"
    with network_scope(place.network.id):
        end_of_day = datetime(2026, 3, 20, 23, tzinfo=UTC)  # midnight in Paris
        for now, found in ((end_of_day - timedelta(seconds=1), 1), (end_of_day, 2)):
            view = view_of([place.network], TaskFilters(overdue=True), zone=PARIS, now=now)
            assert len(task_page(view).lines) == found


def test_work_on_a_started_task_keeps_it_from_being_stale(world: World) -> None:
    place = world.foundry
    arrive(place, told("b1", "started", days(12)))
    assert keys(place, stale=True) == "b1"
    arrive(place, activity("b1", days(2)))
    assert keys(place, stale=True) == ""


def test_the_board_holds_the_first_of_each_state(world: World) -> None:
    place = world.foundry
    some_tasks(place)
    arrive(place, *(told(f"z{number}", "scheduled", days(5)) for number in range(4)))
    with network_scope(place.network.id):
        view = view_of([place.network], TaskFilters(), zone=PARIS, now=NOW)
        board = board_of(view, Task.State.values, size=3)
        assert {state: len(lines) for state, lines in board.items()} == {
            "seen": 0, "scheduled": 3, "started": 2, "completed": 1, "cancelled": 1,
        }  # fmt: skip
        only = board_of(view.narrowed(states=("started",)), ["started", "completed"])
        assert [len(lines) for lines in only.values()] == [2, 0]


def test_an_address_holds_the_whole_view() -> None:
    filters = TaskFilters(
        network="foundry", states=("started", "scheduled"), equipment="id:9", part="ref:A&B", tag="$x", person="id:7",
        moment="planned", start=days(3).date(), end=days(1).date(), overdue=True, stale=True, query="é=1", sort="due",
    )  # fmt: skip
    assert read_task_filters(QueryDict(filters.query_string())) == filters
    odd = read_task_filters(QueryDict("state=x&sort=x&from=soon&period=x&on=x&q=%00&overdue=yes"))
    assert odd == TaskFilters(problems=("soon",))


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_pages_say_what_they_know(world: World) -> None:
    some_tasks(world.foundry)
    client = client_of(world.bob)
    for path in ("/tasks/", "/tasks/board/"):
        page = shown(client, path)
        assert "Grease the bearings" in page and "Étanchéité du vérin" in page
        assert "Overdue" in page and "$preventive" in page and "Press" in page
    assert 'aria-sort="descending"' in shown(client, "/tasks/")
    assert "Remove the filter $safety" in shown(client, "/tasks/?tag=$safety")
    assert "No task fits these filters" in shown(client, "/tasks/?tag=nothing")
    assert "No task fits these filters" in shown(client, "/tasks/board/?tag=nothing")
    assert "is no date" in shown(client, "/tasks/?from=soon")
    picked = client.get("/tasks/", {"about": "press"}, headers={"HX-Target": "things"}).content.decode()
    assert "equipment=id%3A9" in picked and "<html" not in picked


def test_none_overdue_is_not_said_of_tasks_whose_planned_end_nobody_knows(world: World) -> None:
    arrive(world.foundry, told("a", "scheduled", days(3)), told("b", "started", days(2)), told("c", "started", days(2)))
    client = client_of(world.bob)
    for path in ("/tasks/", "/", thing(world, "equipment", "id:9")):
        page = shown(client, path)
        assert "no open task has a known planned end" in page, path
    planned(world.foundry, "a", timezone.now() + timedelta(days=9))
    page = shown(client, "/tasks/")
    assert re.search(r'Overdue\s*<span class="count">0</span>\s*<span class="basis">of 1', page)
    assert "of 1 open task with a known planned end" in shown(client, "/")


def test_the_time_before_the_first_event_is_not_counted_as_none(world: World) -> None:
    arrive(world.foundry, told("a", "started", days(9)), told("a", "completed", days(8)))
    client, span = client_of(world.bob), "/tasks/figures/?from=2026-03-12&to=2026-03-20"
    assert "not known for the same time before" in shown(client, span)
    arrive(world.foundry, told("b", "started", days(100)), told("b", "completed", days(10)))
    assert "1 in the same time before" in shown(client, span)


def test_an_empty_portal_says_what_comes(world: World) -> None:
    client = client_of(world.bob)
    assert "No task was seen yet" in shown(client, "/tasks/")
    assert "No task was seen yet" in shown(client, "/tasks/board/")
    assert "Nothing started or ended" in shown(client, "/tasks/figures/")


def thing(world: World, kind: str, key: str) -> str:
    return f"{reverse('subject', args=[world.foundry.network.slug, kind])}?key={key}"


def test_a_task_shows_its_evidence_parts_and_plan(world: World) -> None:
    some_tasks(world.foundry)
    client = client_of(world.bob)
    page = shown(client, thing(world, "task", "id:b1"))
    assert "Started" in page and "Stale" in page
    assert "/events/2/" in page and "/events/3/" in page  # scheduled, started
    assert "30 ×" in page and "Too few" in page and "10 in stock (exact chain)" in page
    assert "no job of this portal scheduled this task" in page
    page = shown(client, thing(world, "task", "id:c1"))
    assert "12 → 10" in page and "Planned by a job of this portal" in page
    page = shown(client, thing(world, "task", "id:a1"))
    assert "<h1>Grease the bearings</h1>" in page and "Overdue" in page


def test_what_comes_after_the_end_is_said(world: World) -> None:
    arrive(
        world.foundry,
        told("a1", "scheduled", days(9)),
        told("a1", "completed", days(8)),
        told("a1", "started", days(7)),
    )
    page = shown(client_of(world.bob), thing(world, "task", "id:a1"))
    assert str(ODD["started"]) in page and "Completed" in page


def test_odd_orders_of_events_are_named() -> None:
    s = State

    def odd(*states: State) -> list[str]:
        texts = {str(text): name for name, text in ODD.items()}
        return [texts[str(each.text)] for each in odd_among([(state, at) for at, state in enumerate(states)])]

    assert odd(s.SCHEDULED, s.STARTED, s.COMPLETED) == []
    assert odd(s.COMPLETED, s.COMPLETED) == []
    assert odd(s.SCHEDULED, s.COMPLETED, s.STARTED) == ["started"]
    assert odd(s.COMPLETED, s.SCHEDULED) == ["scheduled"]
    assert odd(s.COMPLETED, s.CANCELLED) == ["ended"]
    assert odd(s.STARTED, s.SCHEDULED) == ["unscheduled"]
    assert odd(s.SCHEDULED, s.STARTED, s.SCHEDULED) == ["backwards"]


def test_an_equipment_shows_its_tasks_and_what_they_took(world: World) -> None:
    some_tasks(world.foundry)
    arrive(world.foundry, activity("b1", days(2)))
    client = client_of(world.bob)
    page = shown(client, thing(world, "equipment", "id:9"))
    assert "Open tasks" in page and "a1" in page and "reported an activity" in page
    assert "No event says that a task on this equipment took a part" in page
    page = shown(client, thing(world, "equipment", "id:10"))
    assert "Bearing" in page and "Étanchéité" in page
    assert "/tasks/?network=foundry&amp;person=id%3A7" in shown(client, thing(world, "person", "id:7"))


def test_a_task_whose_events_are_not_verified_has_no_state(world: World) -> None:
    with network_scope(world.foundry.network.id):
        store_past(world.foundry.network.id, [PastRequest(timezone.now(), told("a1", "scheduled", days(1)), {})])
    process_waiting(world.foundry.network.id, limit=10)
    page = shown(client_of(world.bob), thing(world, "task", "id:a1"))
    assert "No event about this task is verified yet" in page and "scheduled task" in page
    assert "a1" not in shown(client_of(world.bob), "/tasks/?state=scheduled").split("<main", 1)[1]


@pytest.mark.parametrize(
    "path",
    ["/tasks/", "/tasks/board/", "/tasks/figures/?period=90d", "/tasks/?part=id:1&tag=$preventive&q=press&overdue=1"],
)
def test_the_number_of_queries_does_not_grow(world: World, path: str) -> None:
    some_tasks(world.foundry)
    client = client_of(world.alice)
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        shown(client, path)
    for place in (world.foundry, world.annex):
        arrive(
            place,
            *(
                told(f"m{number}", "scheduled", days(5), tags=[{"code": f"${number}"}, {"code": "$preventive"}])
                for number in range(30)
            ),
        )
        for number in range(30):
            planned(place, f"m{number}", days(1))
    with CaptureQueriesContext(connection) as many:
        shown(client, path)
    assert len(many) <= len(few), [query["sql"][:120] for query in many.captured_queries]


def test_pages_of_a_thing_ask_as_much_whatever_its_size(world: World) -> None:
    some_tasks(world.foundry)
    client = client_of(world.alice)
    paths = [thing(world, "equipment", "id:9"), thing(world, "task", "id:b1")]
    sizes = []
    arrive(world.foundry, consumed("b1", "Bearings", days(4)))
    for _ in range(2):
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as asked:
                shown(client, path)
            sizes.append(len(asked))
        arrive(world.foundry, *(told(f"n{number}", "scheduled", days(5)) for number in range(9)))
        arrive(world.foundry, *(consumed("b1", "Bearings", days(4), part=str(number)) for number in range(9)))
    assert sizes[2] <= sizes[0] and sizes[3] <= sizes[1]


def test_nobody_sees_tasks_of_a_network_that_is_not_theirs(world: World) -> None:
    some_tasks(world.foundry)
    outsider = client_of(world.charlie)
    for path in ("/tasks/", "/tasks/board/", "/tasks/figures/"):
        assert "Press" not in shown(outsider, path)
    other: Network = world.elsewhere.network
    with network_scope(other.id):
        view = view_of([world.foundry.network], TaskFilters(tag="$preventive"), zone=PARIS, now=NOW)
        assert view.few == ()
        assert task_page(view).lines == []
