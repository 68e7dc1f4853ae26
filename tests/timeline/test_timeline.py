"""The timeline: order, filters, pages, search, the pill, and events with their evidence."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.lib.scope import network_scope, tenant_scope
from portal.networks.models import Network
from portal.timeline import queries
from portal.timeline.filters import FLAGS, Filters, read_filters
from portal.timeline.models import EventSubject, Reading, Subject
from portal.timeline.queries import count_new, neighbours, timeline_page
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def body(number: int, *, at: datetime | None = None, **changes: Any) -> bytes:
    moment = at or START + timedelta(minutes=number)
    data = {
        "_event": "SparePartWasConsumed",
        "_idempotencyKey": f"key-{number}",
        "emittedAt": moment.isoformat(),
        "sparePart": {
            "id": str(number % 5),
            "externalReference": f"ROUL-62{number % 5:02}-2RS",
            "name": "Roulement à billes",
        },
        "location": {"id": "1", "name": "Magasin"},
        "initiator": {"userId": "7", "firstName": "Mehdi", "lastName": "Benali"},
        "consumed": {"_type": "SparePartConsumption", "quantity": 1, "previousStock": 1000 - number},
    }
    return json.dumps(data | changes).encode()


def arrive(place: ConnectedNetwork, *bodies: bytes, at: datetime | None = None, batch: int = 7) -> None:
    """Let signed deliveries arrive and be drained, in batches."""
    now = at or timezone.now()
    headers = [{"X-MW-Signature": place.header(item, t=int(now.timestamp()))} for item in bodies]
    with network_scope(place.network.id):
        store_past(place.network.id, [PastRequest(now, item, head) for item, head in zip(bodies, headers, strict=True)])
    while process_waiting(place.network.id, limit=batch):
        pass


def page(networks: list[Network], filters: Filters | None = None, **cursor: Any) -> Any:
    return timeline_page(networks, filters or Filters(), zone=PARIS, now=timezone.now(), **cursor)


def cursor_of(reading: Reading) -> str:
    return (bytes(reading.order_key) + reading.network_id.bytes).hex()


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_pages_follow_each_other_without_gap_or_overlap_over_several_networks(world: World) -> None:
    arrive(world.foundry, *(body(number) for number in range(40)))
    arrive(world.annex, *(body(number, at=START + timedelta(minutes=number, seconds=30)) for number in range(40)))
    networks = [world.foundry.network, world.annex.network]
    from portal.lib.scope import tenant_scope  # noqa: PLC0415

    with tenant_scope(networks=[network.id for network in networks]):
        seen: list[tuple[Any, int]] = []
        cursor, pages = "", []
        while True:
            found = page(networks, before=cursor, size=9)
            pages.append(found)
            seen += [(reading.network_id, reading.position) for reading in found.readings]
            if not found.older:
                break
            cursor = found.older
        assert len(seen) == len(set(seen)) == 80
        moments = [reading.occurred_at for item in pages for reading in item.readings]
        assert moments == sorted(moments, reverse=True)
        back = page(networks, after=pages[3].newer, size=9)
        assert [r.pk for r in back.readings] == [r.pk for r in pages[2].readings]


@pytest.mark.parametrize("query", ["", "roulement"])
def test_the_same_event_of_two_networks_is_shown_twice_whatever_the_page(world: World, query: str) -> None:
    """Bodies without a network id may be the same in both: their place is told apart by the network."""
    places, moments = (world.foundry, world.annex), 3
    for place in places:
        arrive(place, *(body(number) for number in range(moments)))
    networks = [place.network for place in places]
    everything = {(place.network.id, position) for place in places for position in range(1, moments + 1)}
    with tenant_scope(networks=[network.id for network in networks]):
        whole = [(item.network_id, item.position) for item in page(networks, Filters(query=query)).readings]
        assert set(whole) == everything
        down: list[tuple[Any, int]] = []
        shown = page(networks, Filters(query=query), size=1)
        while True:
            down += [(item.network_id, item.position) for item in shown.readings]
            if not shown.older:
                break
            shown = page(networks, Filters(query=query), before=shown.older, size=1)
        assert down == whole
        up = [down[-1]]
        while shown.newer:
            shown = page(networks, Filters(query=query), after=shown.newer, size=1)
            up += [(item.network_id, item.position) for item in shown.readings]
        assert up[::-1] == whole
        for index, place in enumerate(whole[1:-1], 1):
            reading = Reading.objects.get(network_id=place[0], position=place[1])
            beside = neighbours(networks, Filters(query=query), reading, zone=PARIS, now=timezone.now())
            found = [(item.network_id, item.position) for item in beside if item]
            assert found == [whole[index - 1], whole[index + 1]]


def test_filters_narrow_and_combine(world: World) -> None:
    arrive(world.foundry, *(body(number) for number in range(20)), b'{"_event":"Mystery","note":"Zweiundvierzig"}')
    networks = [world.foundry.network]
    with network_scope(world.foundry.network.id):
        count = lambda **wish: len(page(networks, Filters(**wish)).readings)  # noqa: E731
        assert count() == 21
        assert count(types=("SparePartWasConsumed",)) == 20
        assert count(types=("TaskWasStarted",)) == 0
        assert count(kind="part", key="id:3") == 4
        assert count(kind="part", key="id:3", types=("TaskWasStarted",)) == 0
        assert count(flag="differs") == 1
        assert count(flag="late") == 20
        assert count(query="roulement") == 20
        assert count(query="ROUL-6203-2RS") == 4
        assert count(query="billes benali") == 20
        assert count(query="zweiund") == 1
        assert count(query="nirgends") == 0
        assert count(query="' | ! & \\") == 0
        assert count(query="roulement", kind="part", key="id:3", flag="late") == 4
        assert count(start=START.date(), end=START.date()) == 20
        assert count(end=START.date() - timedelta(days=1)) == 0


@pytest.mark.parametrize("flag", [name for name in FLAGS if name != "unverified"])
def test_a_badge_has_an_index(world: World, flag: str) -> None:
    """Nothing unusual is looked for by walking the whole timeline: a million usual events may lie before it."""
    sql, values = queries._plain([queries.Span(world.foundry.network.id, b"", b"\xff")], Filters(flag=flag), True, 51)
    with network_scope(world.foundry.network.id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", values)
        assert f"reading_{flag}_order" in "".join(row[0] for row in cursor.fetchall())


def test_a_word_is_found_however_far_away_it_is(world: World) -> None:
    """The newest and the oldest few thousand events are looked through first; then the index is asked."""
    rare = {1_600: "Needle", 1_610: "Needle", 3_250: "Needle"}
    arrive(
        world.foundry,
        *(body(number, note=rare[number]) if number in rare else body(number) for number in range(3_300)),
        batch=500,
    )
    networks, needle = [world.foundry.network], Filters(query="needle")
    with network_scope(world.foundry.network.id):
        newest_first = page(networks, needle)
        keys = [cursor_of(reading) for reading in newest_first.readings]
        assert [reading.occurred_at for reading in newest_first.readings] == [
            START + timedelta(minutes=number) for number in sorted(rare, reverse=True)
        ]
        assert page(networks, needle, size=2).older == keys[1]
        assert len(page(networks, needle, before=keys[0]).readings) == 2
        assert len(page(networks, needle, after=keys[2]).readings) == 2
        newer = page(networks, needle, after="00" * 27, size=2)  # the two that follow the beginning
        assert [cursor_of(reading) for reading in newer.readings] == keys[1:]
        both = Filters(query="needle roulement")
        assert [len(page(networks, both, **cursor).readings) for cursor in ({}, {"after": "00" * 27})] == [3, 3]


def test_a_day_is_a_day_of_the_network(world: World) -> None:
    just_before_midnight = datetime(2026, 3, 1, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    arrive(world.foundry, body(1, at=just_before_midnight), body(2, at=just_before_midnight + timedelta(minutes=2)))
    with network_scope(world.foundry.network.id):
        first = page([world.foundry.network], Filters(end=just_before_midnight.date()))
        assert [reading.idempotency_key for reading in first.readings] == ["key-1"]


def test_new_events_are_counted_from_positions(world: World) -> None:
    arrive(world.foundry, *(body(number) for number in range(3)))
    networks = [world.foundry.network]
    with network_scope(world.foundry.network.id):
        since = {world.foundry.network.id: 1}
        assert count_new(networks, Filters(), since, zone=PARIS, now=timezone.now()) == 2
        wish = Filters(kind="part", key="id:2")
        assert count_new(networks, wish, since, zone=PARIS, now=timezone.now()) == 1
    client = client_of(world.bob)
    assert "2 new events" in client.get("/timeline/new/?since=foundry:1").content.decode()
    assert client.get("/timeline/new/?since=foundry:3").content.decode().strip() == ""


def test_a_late_event_takes_its_place_and_wears_a_badge(world: World) -> None:
    arrive(world.foundry, body(10), body(30))
    arrive(world.foundry, body(20))
    with network_scope(world.foundry.network.id):
        readings = page([world.foundry.network]).readings
        assert [reading.idempotency_key for reading in readings] == ["key-30", "key-20", "key-10"]
        assert "late" in readings[1].flags


def test_movements_of_one_moment_follow_their_stock_chain(world: World) -> None:
    chain = [
        body(number, at=START, sparePart={"id": "9"}, consumed={"quantity": 1, "previousStock": 10 - number})
        for number in range(6)
    ]
    shuffled = random.Random(3).sample(chain, 6)
    arrive(world.foundry, *shuffled[:3])
    arrive(world.foundry, *shuffled[3:])
    with network_scope(world.foundry.network.id):
        readings = page([world.foundry.network]).readings
        assert [reading.previous_stock for reading in readings] == [5, 6, 7, 8, 9, 10]
        keys = {bytes(key) for key in EventSubject.objects.values_list("order_key", flat=True)}
        assert keys == {bytes(reading.order_key) for reading in readings}


FIXED = datetime(2026, 3, 2, 12, tzinfo=UTC)
STORIES = st.permutations(range(8)).flatmap(
    lambda order: st.tuples(st.just(order), st.lists(st.sampled_from(order), max_size=4), st.integers(1, 8))
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES)
def test_any_order_repeats_and_batches_give_the_same_readings(world: World, story: Any) -> None:
    """Shuffled, duplicated and split differently, the same deliveries end in the same state, positions left aside."""
    from django.db import transaction  # noqa: PLC0415

    order, again, batch = story
    place = world.foundry
    bodies = {
        number: body(number // 2, at=START, consumed={"quantity": 1, "previousStock": number}) for number in range(8)
    }

    def end_state(sequence: list[int], size: int) -> list[Any]:
        with transaction.atomic():
            with network_scope(place.network.id):
                requests = [
                    PastRequest(FIXED, bodies[n], {"X-MW-Signature": place.header(bodies[n], t=int(FIXED.timestamp()))})
                    for n in sequence
                ]
                store_past(place.network.id, requests)
            while process_waiting(place.network.id, limit=size):
                pass
            with network_scope(place.network.id):
                fields = ("order_key", "type", "verified", "flags", "deliveries", "first_received_at", "sentence")
                state = [
                    (bytes(row[0]), *row[1:]) for row in Reading.objects.order_by("order_key").values_list(*fields)
                ]
            transaction.set_rollback(True)
        return state

    everything = [*order, *again]
    assert end_state(everything, batch) == end_state(sorted(everything), 100)


def test_an_event_page_shows_sentence_evidence_and_neighbours(world: World) -> None:
    arrive(world.foundry, *(body(number) for number in range(3)))
    client = client_of(world.audrey)
    answer = client.get(reverse("event", args=["foundry", 2]))
    text = answer.content.decode()
    assert "Mehdi Benali" in text and "999 → 998" in re.sub(r"\s+", " ", text)
    assert "x-mw-signature" in text
    assert reverse("event", args=["foundry", 1]) in text and reverse("event", args=["foundry", 3]) in text
    raw = client.post(reverse("raw_payload", args=["foundry", 2]))
    assert raw.content == body(1)
    assert "Raw payload downloaded" in client.get("/trail/").content.decode()
    assert client.get(reverse("event", args=["foundry", 99])).status_code == 404


def test_an_event_says_its_facts_in_words_and_names(world: World) -> None:
    arrive(world.foundry, body(3))
    page = client_of(world.bob).get("/networks/foundry/events/1/").content.decode()
    facts = page.split("<h2>Facts</h2>")[1].split("</section>")[0]
    for words in ("Quantity moved", "Roulement à billes</a>", "Magasin</a>", "Mehdi Benali</a>", "−1", "Stock before"):
        assert words in facts, words
    assert "id:3" not in facts and "delta" not in facts


def test_hostile_text_is_escaped_everywhere(world: World) -> None:
    evil = "<script>alert(1)</script>{person}%s"
    arrive(world.foundry, body(1, sparePart={"id": "1", "name": evil, "externalReference": evil}))
    client = client_of(world.alice)
    for url in ("/timeline/", "/", reverse("event", args=["foundry", 1]), "/timeline/?q=" + evil):
        text = client.get(url).content.decode()
        assert "<script>alert" not in text
    assert "&lt;script&gt;" in client.get("/timeline/").content.decode()


@pytest.mark.parametrize(
    "query",
    ["before=zz", "after=" + "00" * 27, "from=yesterday&to=99999", "type=Nope", "q=%00%ff", "kind=x&key=y", "is=?"],
)
def test_addresses_changed_by_hand_never_break_a_page(world: World, query: str) -> None:
    assert client_of(world.bob).get(f"/timeline/?{query}").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_data(world: World) -> None:
    client = client_of(world.alice)
    arrive(world.foundry, *(body(number) for number in range(5)))
    counts = []
    for more in (0, 60):
        arrive(world.foundry, *(body(100 + number) for number in range(more)))
        for url in ("/", "/timeline/", "/networks/foundry/", reverse("event", args=["foundry", 1])):
            client.get(url)  # what is asked once per process is not the page's
            with CaptureQueriesContext(
                connection,
            ) as captured:
                client.get(url)
            counts.append(len(captured))
    assert counts[:4] == counts[4:]


def test_every_verdict_combines_with_every_other_filter(world: World) -> None:
    place = world.foundry
    now = timezone.now()
    old = place.header(body(1), t=int((now - timedelta(hours=2)).timestamp()))
    requests = [
        PastRequest(now, body(0), {"X-MW-Signature": place.header(body(0), t=int(now.timestamp()))}),
        PastRequest(now, body(1), {"X-MW-Signature": old}),
        PastRequest(now, body(2), {}),
    ]
    with network_scope(place.network.id):
        store_past(place.network.id, requests)
    while process_waiting(place.network.id, limit=7):
        pass
    keys = {"verified": "id:0", "stale": "id:1", "unverified": "id:2"}
    others: list[dict[str, Any]] = [{}, {"types": ("SparePartWasConsumed",)}, {"query": "roulement"}, {"preset": ""}]
    with network_scope(place.network.id):
        for verdict, key in keys.items():
            for narrowed in [*others, *(item | {"kind": "part", "key": key} for item in others)]:
                view = Filters(flag=verdict, **narrowed)
                [found] = page([place.network], view).readings
                subjects = EventSubject.objects.filter(position=found.position, kind="part")
                assert subjects.get().key == key, (verdict, narrowed)
                new = count_new([place.network], view, {place.network.id: 0}, zone=PARIS, now=now)
                assert new == 1, (verdict, narrowed)
            assert not page([place.network], Filters(flag=verdict, types=("TaskWasStarted",))).readings
            elsewhere = next(other for other in keys.values() if other != key)
            for query in ("", "roulement"):
                view = Filters(flag=verdict, kind="part", key=elsewhere, query=query)
                assert not page([place.network], view).readings


def test_the_verdict_is_chosen_in_the_bar_and_verified_is_no_badge(world: World) -> None:
    arrive(world.foundry, body(1))
    client = client_of(world.alice)
    answer = client.get(reverse("timeline"), {"is": "verified"}).content.decode()
    assert '<option value="verified" selected>Verified</option>' in answer
    assert "Remove the filter Verified" in answer
    assert answer.count('<li class="event"') == 1
    assert "state-good" not in answer.split('<li class="event"')[1]
    assert '<li class="event"' not in client.get(reverse("timeline"), {"is": "unverified"}).content.decode()


@pytest.mark.parametrize("typed", ["benali mehdi", "BENALI", "roulement", "ROUL-6203-2RS", "magasin", "id:3"])
def test_a_person_or_thing_is_found_by_typing_and_leads_to_its_events(world: World, typed: str) -> None:
    arrive(world.foundry, *(body(number) for number in range(10)))
    client = client_of(world.alice)
    whole = client.get(reverse("timeline"), {"about": typed}).content.decode()
    part = client.get(reverse("timeline"), {"about": typed}, headers={"HX-Target": "subjects"}).content.decode()
    assert "<html" not in part
    [first, *_rest] = re.findall(r'<li><a href="([^"]+)">', part)
    assert first in whole, "the same without a script"
    shown = client.get(first.replace("&amp;", "&")).content.decode()
    assert '<li class="event"' in shown
    assert "No event fits" not in shown


def test_a_search_leads_to_the_pages_of_what_it_names(world: World) -> None:
    arrive(world.foundry, body(1), body(2))
    client = client_of(world.bob)
    found = client.get(reverse("timeline"), {"q": "ROUL-6201-2RS"}).content.decode()
    [meant] = re.findall(r'class="btn" href="([^"]*/stock/part/[^"]*)"', found.split('class="meant"')[1])
    assert meant.endswith("?key=id%3A1")
    with network_scope(world.foundry.network.id):
        Subject.objects.create(
            network=world.foundry.network,
            kind="part",
            key="ref:ROUL-6201-2RS",
            label="Roulement",
            reference="ROUL-6201-2RS",
        )
    found = client.get(reverse("timeline"), {"q": "ROUL-6201-2RS"}).content.decode()
    assert found.count("/stock/part/?key=") == 1, "named by its id and by its reference, it is one part"
    person = client.get(reverse("timeline"), {"q": "Benali"}).content.decode().split('class="meant"')[1]
    assert f'href="{reverse("subject", args=["foundry", "person"])}?key=id%3A7"' in person
    assert 'class="meant"' not in client.get(reverse("timeline")).content.decode()
    assert 'class="meant"' not in client.get(reverse("timeline"), {"q": "unheard-of"}).content.decode()
    elsewhere = client_of(world.charlie).get(reverse("timeline"), {"q": "ROUL-6201-2RS"}).content.decode()
    assert 'class="meant"' not in elsewhere


def test_a_network_from_which_nothing_came_says_so_and_where_to_look(world: World) -> None:
    client = client_of(world.alice)
    for query in ("", "?network=annex", "?network=annex&period=7d"):
        page = client.get(reverse("timeline") + query).content.decode()
        assert "No event fits" not in page and "No event has arrived" in page
    assert f'href="{reverse("network", args=["annex"])}">To the network' in page
    arrive(world.foundry, body(1))
    assert "No event fits" in client.get(reverse("timeline") + "?q=unheard-of").content.decode()


def test_nobody_finds_the_people_of_a_network_that_is_not_theirs(world: World) -> None:
    arrive(world.foundry, body(1))
    answer = client_of(world.charlie).get(reverse("timeline"), {"about": "benali"}).content.decode()
    assert "Mehdi" not in answer
    assert "Nobody and nothing of that name" in answer
    assert "Nobody and nothing" in client_of(world.alice).get(reverse("timeline"), {"about": "%_'"}).content.decode()


@pytest.mark.parametrize(
    ("preset", "now", "first", "last"),
    [
        ("today", "2026-03-01", "2026-03-01", "2026-03-01"),
        ("7d", "2026-03-01", "2026-02-23", "2026-03-01"),
        ("month", "2026-03-31", "2026-03-01", "2026-03-31"),
        ("last-month", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("last-month", "2026-01-15", "2025-12-01", "2025-12-31"),
    ],
)
def test_a_period_has_its_first_and_last_day(preset: str, now: str, first: str, last: str) -> None:
    noon = datetime.fromisoformat(f"{now}T12:00+01:00")
    chosen = Filters(start=date.fromisoformat(first), end=date.fromisoformat(last))
    assert Filters(preset=preset).bounds(PARIS, noon) == chosen.bounds(PARIS, noon)


def test_dates_in_the_wrong_order_mean_the_days_between_them() -> None:
    found = read_filters({"from": "2026-10-20", "to": "2026-10-01"})
    assert (found.start, found.end) == (date(2026, 10, 1), date(2026, 10, 20))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
@pytest.mark.parametrize("batch", [1, 7])
def test_a_task_keeps_its_description_whatever_the_order_of_arrival(
    world: World, order: tuple[int, ...], batch: int
) -> None:
    """Only some events carry it: one without says nothing against it."""
    told = [
        body(1, task={"id": "7c41d9ae", "description": "Grease", "tags": []}),
        body(2, task={"id": "7c41d9ae", "description": "Grease the bearings", "tags": []}),
        body(3, task={"id": "7c41d9ae"}),
    ]
    arrive(world.foundry, *(told[number] for number in order), batch=batch)
    with network_scope(world.foundry.network.id):
        assert Subject.objects.get(kind="task").label == "Grease the bearings"
