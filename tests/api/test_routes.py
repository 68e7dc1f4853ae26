"""The read API answers with what the portal knows: every route, its filters, its pages and its forms."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.jobs.checking import check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.jobs.models import Batch, Row
from portal.lib.scope import network_scope
from portal.stock.models import Gap, Level, Part
from portal.tasks.models import Task
from portal.timeline.models import Reading
from portal.webhooks.silence import set_rules
from tests.api.plant import PROVEN, Reader, live, token_for
from tests.isolation.test_walk import checked_job
from tests.webhooks.test_coverage import signed
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import MONDAY
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(world: World) -> Reader:
    live(world.foundry)
    live(world.annex, seed="annex", steps=20)
    return Reader(token_for(world.organization))


@pytest.fixture
def proven(world: World) -> Reader:
    live(world.foundry, steps=PROVEN)
    live(world.annex, seed="annex", steps=20)
    return Reader(token_for(world.organization))


def test_networks_are_those_of_the_token(proven: Reader, world: World) -> None:
    reader = proven
    found = reader.items("networks")
    assert [item["network"] for item in found] == ["annex", "foundry"]
    foundry = found[1]
    assert foundry["networkId"] == str(world.foundry.network.vendor_network_id)
    assert foundry["stockCounts"] == "location"
    assert foundry["lastPosition"] > 50
    assert reader.items("networks", {"network": "annex"}) == [found[0]]


def test_events_come_newest_first_over_all_networks_page_by_page(reader: Reader, world: World) -> None:
    everything = reader.items("events", {"limit": 500})
    assert reader.items("events", {"limit": 7}) == everything
    assert {item["network"] for item in everything} == {"foundry", "annex"}
    assert [item["occurredAt"] for item in everything] == sorted(
        (item["occurredAt"] for item in everything), reverse=True
    )
    assert all(item["occurredAt"].endswith("Z") for item in everything)
    assert any("consumed" in item["text"] for item in everything)


def test_events_since_a_position_are_all_events_in_their_order(reader: Reader, world: World) -> None:
    with network_scope(world.foundry.network.id):
        positions = list(Reading.objects.order_by("position").values_list("position", flat=True))
    found = reader.items("networks/foundry/events", {"limit": 9})
    assert [item["position"] for item in found] == positions
    assert [item["position"] for item in reader.items("networks/foundry/events", {"since": positions[-3]})] == (
        positions[-2:]
    )
    consumed = reader.items("networks/foundry/events", {"type": ["SparePartWasConsumed", "TaskWasStarted"], "limit": 2})
    assert {item["type"] for item in consumed} == {"SparePartWasConsumed", "TaskWasStarted"}
    assert consumed == [item for item in found if item["type"] in {"SparePartWasConsumed", "TaskWasStarted"}]


@pytest.mark.parametrize("path", ["events?network=foundry&", "networks/foundry/events?"])
def test_both_ways_to_read_events_take_every_filter_of_the_timeline(reader: Reader, path: str) -> None:
    everything = reader.items(f"{path}limit=500")
    thing = next(each for item in everything for each in item["about"] if each["kind"] == "part")
    word = thing["name"].split()[0]
    day = MONDAY.date()
    for query, fits in [
        ({"type": "TaskWasCompleted"}, lambda item: item["type"] == "TaskWasCompleted"),
        ({"about": f"part:{thing['key']}"}, lambda item: thing in item["about"]),
        ({"from": day.isoformat(), "to": day.isoformat()}, lambda item: True),
        ({"from": (day + timedelta(days=1)).isoformat()}, lambda item: False),
        ({"period": "today"}, lambda item: False),
        ({"is": "verified"}, lambda item: item["verified"] and "stale" not in item["flags"]),
        ({"is": "unverified"}, lambda item: not item["verified"]),
        ({"q": word}, lambda item: word.casefold() in json.dumps(item, ensure_ascii=False).casefold()),
        ({"q": "nothingofthekind"}, lambda item: False),
    ]:
        found = reader.items(f"{path}{urlencode(query)}")
        assert found == [item for item in everything if fits(item)], query


def test_one_event_with_its_facts(reader: Reader) -> None:
    listed = next(item for item in reader.items("events") if item["type"] == "SparePartWasConsumed")
    found = reader.get(f"networks/{listed['network']}/events/{listed['position']}").json()
    assert {name: found[name] for name in listed} == listed
    assert any(fact["fact"] == "quantity_moved" for fact in found["facts"])
    assert reader.get("networks/foundry/events/99999").status_code == 404


def test_stock_levels_with_filters(proven: Reader, world: World) -> None:
    reader = proven
    found = reader.items("stock", {"limit": 3})
    with network_scope(world.foundry.network.id):
        parts = {part.part: part for part in Part.objects.all()}
        places = {(level.part, level.location): level for level in Level.objects.all()}
    mine = [item for item in found if item["network"] == "foundry"]
    assert [item["sparePart"] for item in mine] == sorted(parts)
    for item in mine:
        part = parts[item["sparePart"]]
        assert item["level"] == (None if part.level is None else f"{part.level.normalize():f}")
        assert item["confidence"] == part.confidence
    one = next(item for item in mine if item["externalReference"])
    assert reader.items("stock", {"externalReference": one["externalReference"], "network": "foundry"}) == [one]
    assert reader.items("stock", {"sparePart": one["sparePart"], "network": "foundry"}) == [one]
    assert reader.items("stock", {"outOfStock": "true"}) == [item for item in found if item["outOfStockSince"]]
    assert reader.items("stock", {"belowMinimum": "false"}) == [item for item in found if not item["belowMinimumSince"]]
    assert reader.items("stock", {"confidence": "exact"}) == [item for item in found if item["confidence"] == "exact"]
    assert reader.items("stock", {"unmovedSince": "2026-03-02T06:00:00Z"}) == [
        item for item in found if not item["lastMovementAt"]
    ]
    assert reader.items("stock", {"unmovedSince": "2027-01-01T00:00:00Z"}) == found
    here = [item for item in reader.items("stock/locations", {"limit": 4}) if item["network"] == "foundry"]
    assert [(item["sparePart"], item["location"]) for item in here] == sorted(places)
    place = here[0]["location"]
    assert reader.items("stock/locations", {"location": place, "network": "foundry"}) == [
        item for item in here if item["location"] == place
    ]


def test_a_ledger_ends_with_the_level(reader: Reader) -> None:
    for part in reader.items("stock", {"network": "foundry", "confidence": "exact"}):
        lines = reader.items("networks/foundry/ledger", {"sparePart": part["sparePart"], "limit": 2})
        assert lines[0]["stockAfter"] == part["level"]
        consumed = reader.items("networks/foundry/ledger", {"sparePart": part["sparePart"], "kind": "consumed"})
        assert consumed == [line for line in lines if line["kind"] == "consumed"]
        if len(lines) > 1:
            since = lines[0]["occurredAt"]
            again = reader.items("networks/foundry/ledger", {"sparePart": part["sparePart"], "from": since})
            assert again == [line for line in lines if line["occurredAt"] >= since]
            before = reader.items("networks/foundry/ledger", {"sparePart": part["sparePart"], "to": since})
            assert before == [line for line in lines if line["occurredAt"] < since]


@pytest.mark.parametrize("path", ["stock", "stock/locations"])
def test_the_stock_of_a_moment_is_what_the_stock_was_then(world: World, path: str) -> None:
    """Half of a life, read now; then the whole life, read as of that half."""
    live(world.foundry, steps=PROVEN)
    reader = Reader(token_for(world.organization))
    names = ("sparePart", "location", "level", "confidence", "doubtfulSince")
    then = {tuple(item.get(name) for name in names) for item in reader.items(path, {"network": "foundry"})}
    assert then
    live(world.foundry, steps=300)
    moment = (MONDAY + timedelta(minutes=PROVEN - 1, seconds=59)).isoformat()
    if path == "stock":
        then = {(part, None, *rest) for part, _, *rest in then}
    address = path.replace("stock", "networks/foundry/stock/at")
    found = reader.items(address, {"moment": moment, "limit": 5})
    known = {tuple(item[name] for name in names) for item in found if item["asOf"] and not item["withinGap"]}
    assert known <= then
    assert {item[:3] for item in then} == {tuple(item[name] for name in names[:3]) for item in found if item["asOf"]}
    assert {item["confidence"] for item in found if item["withinGap"]} <= {"gap", "observed", "uncertain"}
    assert all((item["level"], item["confidence"]) == (None, "unknown") for item in found if not item["asOf"])
    # Without an offset the site's time is meant: Paris is an hour ahead of UTC in March.
    local = (MONDAY + timedelta(hours=1, minutes=PROVEN - 1, seconds=59)).replace(tzinfo=None).isoformat()
    assert reader.items(address, {"moment": local}) == found


def test_gaps_are_listed_and_closed_ones_on_request(world: World) -> None:
    live(world.foundry, steps=400, lost=range(150, 190))
    reader = Reader(token_for(world.organization))
    with network_scope(world.foundry.network.id):
        expected = Gap.objects.filter(closed_by=None).count()
    assert expected
    found = reader.items("gaps", {"limit": 1})
    assert len(found) == expected
    assert all(item["closedBy"] is None for item in found)
    with network_scope(world.foundry.network.id):
        late = Gap.objects.values_list("part", "location", "order_key").first()
        assert late
        Gap.objects.filter(part=late[0], location=late[1], order_key=late[2]).update(closed_by=1)
    closed = reader.items("gaps", {"state": "closed"})
    assert [item["closedBy"] for item in closed] == [1]
    assert len(reader.items("gaps", {"state": "all"})) == len(closed) + len(reader.items("gaps"))
    one = closed[0]["sparePart"]
    assert reader.items("gaps", {"state": "closed", "sparePart": one}) == [
        item for item in closed if item["sparePart"] == one
    ]


def test_tasks_with_filters(reader: Reader, world: World) -> None:
    found = reader.items("tasks", {"limit": 3})
    with network_scope(world.foundry.network.id):
        expected = list(Task.objects.order_by("-head_key").values_list("task", flat=True))
    assert [item["task"] for item in found if item["network"] == "foundry"] == expected
    for state in ("scheduled", "started", "completed"):
        assert reader.items("tasks", {"state": state}) == [item for item in found if item["state"] == state]
    tagged = next(item for item in found if item["tags"])
    assert tagged in reader.items("tasks", {"tag": tagged["tags"][0]})
    about = next(item for item in found if item["about"])
    assert about in reader.items("tasks", {"about": about["about"], "network": about["network"]})
    assert reader.items("tasks", {"task": about["task"], "network": about["network"]}) == [about]


def test_jobs_and_their_rows(world: World, tmp_path: Path) -> None:
    reader = Reader(token_for(world.organization))
    network = world.foundry.network
    path = tmp_path / "stock.csv"
    path.write_text("id,quantity\nA-1,x\n" + "".join(f"B-{number},5\n" for number in range(5)))
    jobs = [
        draft_of_file(network, "replaceSparePartStock", path, file_name="=stock.csv", actor=world.bob, now=MONDAY)
        for _ in range(3)
    ]
    with network_scope(network.id):
        start_check(network, jobs[0].id)
    check_next(network.id)
    found = reader.items("jobs", {"limit": 2})
    assert [item["job"] for item in found] == [str(job.id) for job in reversed(jobs)]
    assert [item["job"] for item in reader.items("jobs", {"state": "checked"})] == [str(jobs[0].id)]
    assert reader.items("jobs", {"operation": "scheduleTask"}) == []
    address = f"networks/foundry/jobs/{jobs[0].id}"
    assert reader.get(address).json()["rowStates"] == {"invalid": 1, "ready": 5}
    rows = reader.items(f"{address}/rows", {"limit": 2})
    assert [row["row"] for row in rows] == [2, 3, 4, 5, 6, 7]
    assert [row["row"] for row in reader.items(f"{address}/rows", {"state": "invalid"})] == [2]
    assert (rows[0]["problems"][0]["column"], rows[0]["problems"][0]["cell"]) == ("quantity", "B2")
    assert rows[1]["item"]["quantity"] == 5
    sheet = reader.get("jobs", Accept="text/csv").content.decode("utf-8-sig")
    assert "'=stock.csv" in sheet


def test_rows_whose_request_is_under_way_are_being_sent(world: World, tmp_path: Path) -> None:
    """The request alone says so; in the rows themselves they are still in line."""
    reader, network = Reader(token_for(world.organization)), world.foundry.network
    job_id = checked_job(world, tmp_path)
    with network_scope(network.id):
        for number in (1, 2):
            state = Batch.State.SENDING if number == 1 else Batch.State.WAITING
            Batch.objects.create(network=network, job_id=job_id, number=number, rows=1, state=state)
            Row.objects.filter(job_id=job_id, number=number + 1).update(state="queued", batch=number)
    address = f"networks/foundry/jobs/{job_id}"
    assert reader.get(address).json()["rowStates"] == {"sending": 1, "queued": 1}
    assert [row["state"] for row in reader.items(f"{address}/rows")] == ["sending", "queued"]
    for states, rows in [("sending", [2]), ("queued", [3]), (["queued", "sending"], [2, 3]), ("rejected", [])]:
        assert [row["row"] for row in reader.items(f"{address}/rows", {"state": states})] == rows


def test_coverage_says_of_every_type_what_its_page_says(reader: Reader, world: World) -> None:
    now = timezone.now().replace(microsecond=0)
    raw = b'{"_event": "TaskWasStarted"}'
    store(world.annex, signed(world.annex, now, raw), signed(world.annex, now, raw))
    drain(world.annex)
    with network_scope(world.annex.network.id):
        set_rules(world.annex.network, {"TaskWasStarted": 5}, actor=world.alice)
    found = {item["type"]: item for item in reader.items("coverage", {"network": "annex"})}
    assert len(found) == 11
    started = found["TaskWasStarted"]
    assert datetime.fromisoformat(started["lastReceivedAt"]) == now
    assert (started["events"], started["deliveries"], started["repeats"], started["signed"]) == (1, 2, 1, 2)
    assert (started["alarmHours"], started["silentSince"], started["daysOf"]) == (5, None, "Europe/Paris")
    assert {item["lastReceivedAt"] for name, item in found.items() if name != "TaskWasStarted"} == {None}


def test_the_number_of_queries_does_not_grow_with_the_data(world: World) -> None:
    live(world.foundry, steps=PROVEN + 20, lost=range(20, 30))
    live(world.annex, seed="annex", steps=10)
    reader = Reader(token_for(world.organization))
    part = reader.items("stock")[0]["sparePart"]

    def counts() -> dict[str, int]:
        found = {}
        for path in (
            "networks", "events", "networks/foundry/events", "networks/foundry/events/1", "stock", "stock/locations",
            f"networks/foundry/ledger?sparePart={part}", "networks/foundry/stock/at?moment=2026-03-03T00:00:00Z",
            "networks/foundry/stock/at/locations?moment=2026-03-03T00:00:00Z", "gaps?state=all",
            "tasks", "jobs", "coverage",
        ):  # fmt: skip
            reader.get(path)  # the use of the token is noted once a minute
            with CaptureQueriesContext(connection) as queries:
                assert reader.get(path).status_code == 200
            found[path] = len(queries)
        return found

    before = counts()
    live(world.foundry, steps=PROVEN + 100, lost=range(20, 30))
    live(world.annex, seed="annex", steps=60)
    after = counts()
    assert after == before
    assert max(after.values()) <= 13, after
