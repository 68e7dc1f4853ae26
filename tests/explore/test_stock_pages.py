"""The pages of stock: what they show is what the events say, nothing is lost between pages, and they stay quick."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.explore.stock.filters import SORTS, StockFilters
from portal.explore.stock.gaps import GapFilters, all_gaps, gap_page
from portal.explore.stock.low import LowFilters, load_low, low_keys, low_page
from portal.explore.stock.parts import all_parts, count_parts, stock_page
from portal.jobs.models import Job, Row
from portal.lib.ids import new_id
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.models import Network
from portal.stock.models import Entry, NetworkScope, Part
from tests.explore.stockroom import at, below, consumed, restocked, scheduled, tell, two_places
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import arrivals, life
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page_of(person: Any, address: str) -> str:
    answer = client_of(person).get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r"<a href=\"[^\"]*/stock/part/[^\"]*\"><b>(.*?)</b>", page)


def part_page(person: Any, number: int, **more: str) -> str:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return page_of(person, f"{reverse('stock_part', args=['foundry'])}?key=id:{number}{query}")


def living(*places: ConnectedNetwork, steps: int = 120) -> list[Network]:
    for number, place in enumerate(places):
        store(place, *arrivals(place, life(f"pages {number}", steps)))
        drain(place)
    return [place.network for place in places]


# --- the list


def test_a_part_is_found_by_name_and_by_reference_whatever_the_accents(world: World) -> None:
    tell(
        world.foundry,
        consumed(1, 1, 9, minutes=0, name="Roulement à billes", reference="ROUL-62_05"),
        consumed(2, 1, 9, minutes=0, name="Courroie trapézoïdale", reference="SPB 2240"),
    )
    for typed in ("billes", "ROULEMENT A", "roul-62_05", "à billes roul"):
        assert titles(page_of(world.audrey, f"/stock/?q={typed}")) == ["Roulement à billes"], typed
    for typed in ("roul-62%05", "x_y", "%", "billes courroie"):
        assert titles(page_of(world.audrey, f"/stock/?q={typed}")) == [], typed
    nothing = page_of(world.audrey, "/stock/?q=nothing")
    assert "No part fits these filters" in nothing


def test_every_filter_narrows_the_list_and_is_a_chip_that_takes_it_back(world: World) -> None:
    tell(
        world.foundry,
        *two_places(),
        consumed(1, 1, 9, minutes=0, place=3),
        below(2, 1, 5, minutes=1),
        below(3, 0, 5, minutes=2),
        consumed(4, 1, 9, minutes=0),
        consumed(4, 1, 7, minutes=5),
    )
    views = {
        "network=foundry&location=id:3": ["Part 1"],
        "network=foundry&location=id:2": ["Part 90"],
        "low=out": ["Part 3"],
        "low=below": ["Part 2", "Part 3"],
        "low=low": ["Part 2", "Part 3"],
        "confidence=gap": ["Part 4"],
        "confidence=observed": ["Part 2", "Part 3"],
        "idle=1": ["Part 1", "Part 2", "Part 3", "Part 4", "Part 90"],
        "q=part+9": ["Part 90"],
    }
    for query, expected in views.items():
        page = page_of(world.audrey, f"/stock/?{query}")
        assert titles(page) == expected, query
        assert "Remove the filter" in page, query
    assert titles(page_of(world.audrey, "/stock/?location=id:3")) == titles(page_of(world.audrey, "/stock/"))
    odd = page_of(world.audrey, "/stock/?idle=soon&low=x&confidence=y&sort=z&after=%22")
    assert "“soon” makes no sense here" in odd
    assert len(titles(odd)) == 5


def test_pages_follow_each_other_in_every_order_over_networks(world: World) -> None:
    networks = living(world.foundry, world.annex)
    tell(world.foundry, below(901, 1, 5, minutes=1), below(902, 1, 5, minutes=1))
    tell(world.annex, below(901, 1, 5, minutes=1))
    with tenant_scope(networks=[network.id for network in networks]):
        # A part that no event has named, of which only a job of ours has told.
        known = Part.objects.filter(network_id=networks[0].id).order_by("part")
        Part.objects.filter(network_id=networks[0].id, part=known[0].part).update(level=None, moved_at=None)
        everything = set(Part.objects.values_list("network_id", "part"))
        assert len(everything) > 30
        for sort in SORTS:
            for descending in (False, True):
                filters, now = StockFilters(sort=sort, descending=descending), timezone.now()
                found, after = [], ""
                while True:
                    page = stock_page(networks, filters, now=now, zone=UTC, after=after, size=3)
                    found += page.rows
                    if page.next is None:
                        break
                    after = page.next
                names = [(row.network_id, row.part) for row in found]
                assert len(names) == len(set(names)) and set(names) == everything, (sort, descending)
                assert [row.part for row in all_parts(networks, filters, now=now, zone=UTC)] == [
                    row.part for row in found
                ]
                values = {"name": "name", "level": "level", "as_of": "as_of", "moved": "moved_at"}
                told = [getattr(row, values[sort]) for row in found]
                known_values = [value for value in told if value is not None]
                assert told[len(known_values) :] == [None] * (len(told) - len(known_values)), "unknown comes last"
                if sort != "name":
                    assert known_values == sorted(known_values, reverse=descending)
        assert count_parts(networks, StockFilters(), now=timezone.now(), zone=UTC) == len(everything)


@pytest.mark.parametrize("address", ["/stock/", "/stock/gaps/?state=all", "/stock/low/"])
def test_the_number_of_queries_does_not_grow_with_the_data(world: World, address: str) -> None:
    client = client_of(world.alice)

    def queries() -> int:
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    tell(world.foundry, consumed(1, 1, 9, minutes=0), consumed(1, 1, 7, minutes=1), below(1, 0, 5, minutes=2))
    few = queries()
    for number in range(2, 20):
        told = [consumed(number, 1, 9, minutes=0), consumed(number, 1, 7, minutes=1), below(number, 0, 5, minutes=2)]
        tell(world.foundry, *told)
    assert queries() == few


def test_a_sandbox_network_is_marked_on_every_row(world: World) -> None:
    for place in (world.foundry, world.annex):
        tell(place, consumed(1, 1, 9, minutes=0), consumed(1, 1, 7, minutes=1), below(1, 0, 5, minutes=2))
    with network_scope(world.annex.network.id):
        Network.objects.filter(id=world.annex.network.id).update(kind=Network.Kind.SANDBOX)
    for address in ("/stock/", "/stock/gaps/", "/stock/low/"):
        rows = page_of(world.alice, address).split("<tbody>")[1].split("</tbody>")[0]
        assert rows.count("<tr") == 2, address
        assert rows.count("sandbox-word") == 1, address
    one = page_of(world.alice, "/stock/?network=foundry").split("<tbody>")[1]
    assert "sandbox-word" not in one


def test_without_a_part_the_page_says_why_and_what_next(world: World) -> None:
    assert "No event has told of stock yet" in page_of(world.audrey, "/stock/")
    assert "No gap is open" in page_of(world.audrey, "/stock/gaps/")
    assert "Nothing needs to be ordered" in page_of(world.audrey, "/stock/low/")


# --- one part


def test_the_ledger_ends_in_the_level_and_every_entry_leads_to_its_event(world: World) -> None:
    network = living(world.foundry, steps=200)[0]
    with network_scope(network.id):
        part = max(Part.objects.all(), key=lambda each: Entry.objects.filter(part=each.part).count())
        entries = list(Entry.objects.filter(part=part.part).order_by("-order_key"))
    page = page_of(world.audrey, f"{reverse('stock_part', args=['foundry'])}?key={part.part}")
    ledger = page.split("<caption")[1]
    assert ledger.count("entry-open") == 2 * min(len(entries), 50)  # each row names it, and each row holds it
    for entry in entries[:50]:
        assert reverse("event", args=["foundry", entry.position]) in ledger
    assert entries[0].places_after == part.level
    first = re.search(r'data-label="Total"><b>(.*?)</b>', ledger)
    assert first and first.group(1) == f"{part.level.normalize():f}"


def test_an_open_gap_stands_between_its_entries_until_a_late_event_fills_it(world: World) -> None:
    told = [consumed(1, 1, 10, minutes=0), consumed(1, 1, 16, minutes=9), consumed(1, 2, 15, minutes=10)]
    tell(world.foundry, *two_places(), *told)
    page = part_page(world.audrey, 1)
    gap = page.split('<tr class="gap-row">')[1].split("</tr>")[0]
    assert "+7 unexplained" in gap and "Shelf 1" in gap and "(9 → 16)" in gap
    assert "13:00" in gap and "13:09" in gap  # the network's time
    before, after = page.split('<tr class="gap-row">')
    assert "16 → 15" in before and "10 → 9" in after
    listed = page_of(world.audrey, "/stock/gaps/?network=foundry")
    assert "+7" in listed and "Shelf 1" in listed
    with network_scope(world.foundry.network.id):
        ends = Entry.objects.filter(part="id:1", previous__in=[10, 16]).values_list("position", flat=True)
    for position in ends:
        assert reverse("event", args=["foundry", position]) in listed.split("<tbody>")[1]
    assert "Gap" in page.split('class="cards"')[1].split("</div>")[1]
    tell(world.foundry, restocked(1, 7, 9, minutes=5))
    late = part_page(world.audrey, 1)
    assert "unexplained" not in late or "is-closed" in late
    assert "No gap is open" in page_of(world.audrey, "/stock/gaps/")


def test_a_gap_that_a_late_event_filled_says_by_which(world: World) -> None:
    """An event that is dated after what it explains: it stands later in the ledger, and closes the gap all the same."""
    told = [consumed(1, 1, 10, minutes=0), consumed(1, 1, 16, minutes=9), restocked(1, 7, 9, minutes=12)]
    tell(world.foundry, *two_places(), *told)
    page = part_page(world.audrey, 1)
    assert "gap-row is-closed" in page
    with network_scope(world.foundry.network.id):
        late = Entry.objects.get(part="id:1", kind="restocked").position
    assert f"filled by the late event {late}" in page
    assert "No gap is open" in page_of(world.audrey, "/stock/gaps/")
    assert f"{reverse('event', args=['foundry', late])}" in page_of(world.audrey, "/stock/gaps/?state=closed")


def test_levels_of_locations_are_shown_only_where_levels_count_them(world: World) -> None:
    tell(world.foundry, consumed(1, 1, 10, minutes=0, place=1), consumed(1, 1, 5, minutes=1, place=2))
    page = part_page(world.audrey, 1)
    assert "Not known yet what levels count" in page
    places = page.split("<h2>Locations</h2>")[1].split("</section>")[0]
    assert "Shelf 1" in places and "Shelf 2" in places and "quiet-end" not in places
    assert "At the location" not in page
    tell(world.foundry, *two_places())
    page = part_page(world.audrey, 1)
    assert "Levels count each location" in page
    places = page.split("<h2>Locations</h2>")[1].split("</section>")[0]
    assert re.findall(r'quiet-end">(\d+)<', places) == ["9", "4"]
    assert re.search(r"Level now</span><b>13", page)
    with network_scope(world.foundry.network.id):
        votes = NetworkScope.objects.get()
    assert f"{votes.votes_location} say that levels count a location" in page
    here = part_page(world.audrey, 1, location="id:2")
    assert here.count("<tr data-row-link") == 1 and "Level at Shelf 2" in here


def test_a_part_knows_what_used_it_the_tasks_that_need_it_and_the_jobs_about_it(world: World) -> None:
    tell(
        world.foundry,
        scheduled("T-1", {"REF-1": 2}, minutes=-5),
        scheduled("T-2", {"REF-2": 1}, minutes=-5),
        consumed(1, 3, 10, minutes=0, task="T-1"),
        consumed(1, 1, 7, minutes=1),
    )
    network = world.foundry.network
    job = job_of(network, "replaceSparePartStock")
    with network_scope(network.id):
        Row.objects.create(
            network_id=network.id, job_id=job.id, number=7, state="accepted", about="ref:REF-1", item={"quantity": 4}
        )
    with time_machine.travel(at(60 * 24 * 30)):
        page = part_page(world.audrey, 1)
    needs = page.split("Open tasks that need it")[1].split("</section>")[0]
    assert "T-1" in needs and "needs 2" in needs and "Press 9" in needs and "T-2" not in needs
    touched = page.split("Jobs that touched it")[1].split("</section>")[0]
    assert "Replace the stock of spare parts" in touched and "row 7" in touched
    used = page.split("Consumption in the last 12 months")[1].split("</section>")[0]
    assert "<b>4</b> in all" in used and "T-1" in used and "without a task" in used and "Press 9" in used
    assert re.search(r"March 2026</th>.*?>4</td>", used), "by month"
    assert "Not known before" in used and re.search(r"Feb[a-z]* 2026</th>.*?–</span></td>", used)


def job_of(network: Network, operation: str) -> Job:
    with network_scope(network.id):
        return Job.objects.create(
            network_id=network.id,
            id=new_id(),
            operation=operation,
            family="x",
            state="done",
            source="file",
            created_by="bob@example.com",
            submitted_at=timezone.now(),
        )


def test_a_reference_leads_to_the_part_that_has_it(world: World) -> None:
    tell(world.foundry, scheduled("T-1", {"REF-1": 2}, minutes=-5), consumed(1, 3, 10, minutes=0))
    answer = client_of(world.audrey).get(f"{reverse('stock_part', args=['foundry'])}?key=ref:REF-1")
    assert answer.status_code == 302 and answer["Location"].endswith("?key=id%3A1")
    assert "The same reference belongs to" not in part_page(world.audrey, 1)
    subject = page_of(world.audrey, f"{reverse('subject', args=['foundry', 'part'])}?key=id:1")
    assert f"{reverse('stock_part', args=['foundry'])}?key=id%3A1" in subject


@pytest.mark.parametrize("name", ["stock_part", "stock_location"])
def test_what_nothing_has_named_is_not_found(world: World, name: str) -> None:
    tell(world.foundry, consumed(1, 1, 9, minutes=0))
    tell(world.elsewhere, consumed(77, 1, 9, minutes=0, place=77))
    client = client_of(world.audrey)
    for key in ("id:77", "", "x" * 300):
        assert client.get(reverse(name, args=["foundry"]), {"key": key}).status_code == 404
    assert client.get(reverse(name, args=["elsewhere"]), {"key": "id:77"}).status_code == 404


def test_a_location_shows_its_parts_and_what_moved_there_last(world: World) -> None:
    tell(world.foundry, *two_places(), consumed(1, 1, 9, minutes=0, place=2), consumed(2, 1, 9, minutes=1, place=3))
    page = page_of(world.audrey, f"{reverse('stock_location', args=['foundry'])}?key=id:2")
    assert titles(page) == ["Part 1", "Part 90"]
    assert 'data-label="Here">8<' in page
    assert "Last movements" in page and "Part 2</a>" not in page
    assert "ledger" in page


# --- gaps and what to order


def test_pages_of_gaps_and_of_the_board_follow_each_other_over_networks(world: World) -> None:
    networks = [world.foundry.network, world.annex.network]
    for place in (world.foundry, world.annex):
        for number in range(1, 8):
            told = [consumed(number, 1, 9, minutes=0), consumed(number, 1, 7, minutes=1)]
            tell(place, *told, below(number, number % 2, 5, minutes=2 + number // 3))
    with tenant_scope(networks=[network.id for network in networks]):
        for kind in ("open", "all", "closed"):
            everything = [line.gap.pk for _network, line in all_gaps(networks, GapFilters(state=kind))]
            found, after = [], ""
            while True:
                page = gap_page(networks, GapFilters(state=kind), after=after, size=3)
                found += [line.gap.pk for _network, line in page.lines]
                if page.next is None:
                    break
                after = page.next
            assert found == everything and len(found) == (0 if kind == "closed" else 14)
        for kind, expected in (("low", 14), ("out", 6), ("below", 14)):
            keys = list(low_keys(networks, LowFilters(kind=kind)))
            whole = [(each.row.network_id, each.row.part) for each in load_low(keys)]
            listed, after = [], ""
            while True:
                lows = low_page(networks, LowFilters(kind=kind), after=after, size=4)
                listed += lows.rows
                if lows.next is None:
                    break
                after = lows.next
            assert [(each.row.network_id, each.row.part) for each in listed] == whole
            assert len(set(whole)) == expected
            assert [each.since for each in listed] == sorted(each.since for each in listed), "the oldest first"


def test_what_to_order_fills_up_to_the_maximum_of_the_last_accepted_row(world: World) -> None:
    tell(world.foundry, below(1, 1, 5, minutes=1), below(2, 1, 5, minutes=2), below(3, 1, 5, minutes=3))
    network = world.foundry.network
    made, changed = job_of(network, "createSpareParts"), job_of(network, "updateSpareParts")
    with network_scope(network.id):
        rows = [
            (made, 2, "accepted", "", {"externalReference": "REF-1", "maximumStock": 30}),
            (made, 3, "rejected", "", {"externalReference": "REF-2", "maximumStock": 99}),
            (made, 4, "accepted", "", {"externalReference": "REF-3", "maximumStock": 40}),
            (changed, 2, "confirmed", "ref:REF-3", {"id": "REF-3", "maximumStock": 12}),
        ]
        for job, number, state, about, item in rows:
            Row.objects.create(
                network_id=network.id, job_id=job.id, number=number, state=state, about=about, item=item,
                updated_at=timezone.now(),
            )  # fmt: skip
        found = {each.row.part: each for each in load_low(list(low_keys([network], LowFilters())))}
    assert {part: int(each.order or 0) for part, each in found.items()} == {"id:1": 29, "id:2": 4, "id:3": 11}
    page = page_of(world.audrey, "/stock/low/")
    assert "30 − 1" in page and "5 − 1" in page and "12 − 1" in page
    assert reverse("job", args=["foundry", changed.id]) in page
    # Another organization's rows say nothing here, whatever the reference.
    tell(world.elsewhere, below(1, 1, 5, minutes=1))
    assert "30 − 1" not in page_of(world.charlie, "/stock/low/")
    with network_scope(world.elsewhere.network.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM portal_part_maxima(%s::uuid[], %s::text[], %s::text[])",
            [[network.id], ["id:1"], ["REF-1"]],
        )
        assert cursor.fetchall() == []


def test_a_cursor_changed_by_hand_begins_anew(world: World) -> None:
    tell(world.foundry, *(below(number, 1, 5, minutes=number) for number in range(1, 4)))
    for address in ("/stock/?sort=level&", "/stock/low/?", "/stock/gaps/?"):
        for cursor in ("x", "W10", str(uuid4()), "bnVsbA"):
            assert client_of(world.audrey).get(f"{address}after={cursor}").status_code == 200
