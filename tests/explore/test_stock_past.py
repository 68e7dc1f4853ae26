"""The stock at a moment of the past: what the ledgers say of it, whenever the events came."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.explore.stock.filters import StockFilters, read_filters
from portal.explore.stock.parts import all_parts, stock_page
from portal.lib.scope import network_scope
from portal.stock.fold import fold
from portal.stock.models import Entry, Gap
from portal.stock.project import scope_now
from portal.stock.standing import Confidence, low_of, of_part
from portal.webhooks.projections import parts_evidence
from tests.explore.stockroom import NOON, at, below, consumed, restocked, tell, two_places
from tests.explore.test_stock_pages import UTC, page_of, titles
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import MONDAY, arrivals, life
from tests.world import World, add_network

pytestmark = pytest.mark.django_db


def levels(page: str) -> dict[str, str]:
    rows = page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0].split("<tr ")[1:]
    found = {}
    for row in rows:
        level = re.search(r'data-label="Level"><span>.*?<b>(.*?)</b>', row, re.DOTALL)
        assert level
        found[titles(row)[0]] = level.group(1)
    return found


def test_the_moment_is_one_of_the_networks_zone_and_its_whole_minute_counts(world: World) -> None:
    told = [consumed(1, 1, 10, minutes=0), consumed(1, 1, 9, minutes=0.9), consumed(1, 1, 8, minutes=1)]
    tell(world.foundry, *told, consumed(2, 1, 5, minutes=30))
    # Noon in UTC is one o'clock in Paris.
    assert levels(page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:00")) == {"Part 1": "8"}
    assert levels(page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:01")) == {"Part 1": "7"}
    later = page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:30")
    assert levels(later) == {"Part 1": "7", "Part 2": "4"}
    assert "Nothing was known at that moment" in page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T12:59")
    assert levels(page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:30&q=part+2")) == {"Part 2": "4"}
    assert "makes no sense here" in page_of(world.audrey, "/stock/?at=yesterday")


def test_an_event_that_comes_late_changes_what_is_known_of_the_past(world: World) -> None:
    tell(world.foundry, consumed(1, 1, 10, minutes=0), consumed(1, 1, 16, minutes=9))
    address = "/stock/?network=foundry&at=2026-03-02T13:05"
    assert levels(page_of(world.audrey, address)) == {"Part 1": "9"}
    assert "Gap" in page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:09").split("<tbody>")[1]
    tell(world.foundry, restocked(1, 7, 9, minutes=5))
    assert levels(page_of(world.audrey, address)) == {"Part 1": "16"}
    assert "Exact chain" in page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:09").split("<tbody>")[1]


def test_a_moment_within_a_gap_is_not_called_exact(world: World) -> None:
    """Something happened between noon and nine past, and nobody knows when."""
    tell(world.foundry, consumed(1, 1, 10, minutes=0), consumed(1, 1, 16, minutes=9))
    for minute, word in (("00", "Gap"), ("08", "Gap"), ("09", "Gap")):
        row = page_of(world.audrey, f"/stock/?network=foundry&at=2026-03-02T13:{minute}").split("<tbody>")[1]
        assert word in row, minute
    tell(world.foundry, restocked(1, 7, 9, minutes=5))
    for minute in ("00", "04", "05", "09"):
        row = page_of(world.audrey, f"/stock/?network=foundry&at=2026-03-02T13:{minute}").split("<tbody>")[1]
        assert "Exact chain" in row, minute


def test_a_state_of_another_release_is_not_read_for_the_past(world: World) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("past releases", 90)))
    drain(place)
    filters = StockFilters(at=(MONDAY + timedelta(minutes=60)).replace(tzinfo=None))
    with network_scope(place.network.id):
        before = list(all_parts([place.network], filters, now=NOON, zone=UTC))
        assert Entry.objects.filter(checkpoint__isnull=False).update(checkpoint={})
        assert list(all_parts([place.network], filters, now=NOON, zone=UTC)) == before


def test_an_alert_and_a_location_have_their_past_too(world: World) -> None:
    tell(world.foundry, *two_places(), below(1, 2, 5, minutes=1), consumed(1, 1, 2, minutes=9))
    page = page_of(world.audrey, "/stock/?network=foundry&at=2026-03-02T13:05&q=part+1")
    assert levels(page) == {"Part 1": "2"} and "Observed only" in page and "Below minimum</a>" in page
    now = page_of(world.audrey, "/stock/?network=foundry&location=id:2&at=2026-03-02T13:05")
    assert 'data-label="Here">13<' in now
    then = page_of(world.audrey, "/stock/?network=foundry&location=id:2&at=2026-03-02T04:42")
    assert 'data-label="Here">19<' in then and levels(then) == {"Part 90": "68"}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.sampled_from(["location", "part"]), st.integers(1, 89))
def test_the_past_is_what_a_fold_up_to_then_gives(world: World, seed: int, scope: str, minute: int) -> None:
    """The balances of the ledgers against a fold of the evidence until the moment."""
    place = add_network(world.organization, f"Past {seed} {minute} {scope}")
    told = [item for number, item in enumerate(life(f"past {seed}", 90, scope=scope)) if number % 17]  # type: ignore[arg-type]
    store(place, *arrivals(place, told))
    drain(place)
    moment = MONDAY + timedelta(minutes=minute)
    until = moment + timedelta(minutes=1)
    filters = StockFilters(at=moment.replace(tzinfo=None))
    with network_scope(place.network.id):
        scope_found = scope_now(place.network.id)
        rows = {row.part: row for row in all_parts([place.network], filters, now=NOON, zone=UTC)}
        open_gaps = list(Gap.objects.filter(closed_by=None))
        evidence: dict[str, list[object]] = {}
        everything = [row.part for row in all_parts([place.network], StockFilters(), now=NOON, zone=UTC)]
        for part, item in parts_evidence(place.network.id, [(part, b"") for part in everything]):
            if item.at < until:
                evidence.setdefault(part, []).append(item)
        assert set(rows) == set(evidence)
        for part, items in evidence.items():
            state = fold(items).state  # type: ignore[arg-type]
            row, standing, low = rows[part], of_part(state, scope_found), low_of(state, scope_found)
            since = [gap.since for gap in open_gaps if gap.part == part and gap.since < until <= gap.until]
            if since and standing.confidence == "exact":  # what was missed is known by now
                standing = replace(standing, confidence=Confidence.GAP, since=min(since))
            assert (row.level, row.confidence, row.doubtful_since) == (
                standing.level, standing.confidence, standing.since,
            ), part  # fmt: skip
            assert (row.minimum, row.out_since, row.below_since) == (state.minimum, low.out_since, low.below_since)
            assert (row.moved_at, row.consumed_at) == (state.moved_at, state.consumed_at)


def test_pages_of_the_past_follow_each_other(world: World) -> None:
    tell(world.foundry, *(consumed(number, 1, 9, minutes=number) for number in range(1, 9)))
    filters = read_filters({"at": "2026-03-02T12:06", "network": "foundry", "sort": "-level"})
    found, after = [], ""
    with network_scope(world.foundry.network.id):
        while True:
            page = stock_page([world.foundry.network], filters, now=at(100), zone=UTC, after=after, size=2)
            found += [row.part for row in page.rows]
            if page.next is None:
                break
            after = page.next
    assert found == [f"id:{number}" for number in range(1, 7)]
    assert Client().get("/stock/?at=2026-03-02T12:06").status_code == 302
