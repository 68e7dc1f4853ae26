"""The days of the coverage map: what the drain adds is what the log tells, and only live deliveries count as seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from portal.lib.scope import network_scope, tenant_scope
from portal.networks.inbox import add_secret
from portal.networks.models import Network
from portal.trail.models import Entry
from portal.trail.record import COMMAND_LINE
from portal.webhooks import pipeline
from portal.webhooks.coverage_map import Cell, coverage_of, silences
from portal.webhooks.models import CoverageDay, CoverageZone, Processing
from portal.webhooks.pipeline import run_again
from portal.webhooks.rebuild import read_again, rebuild_projections
from portal.webhooks.recheck import recheck
from portal.webhooks.silence import EACH, WHOLE, set_rules
from tests.webhooks.test_drain import body, drain, store
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def signed(
    place: ConnectedNetwork, at: datetime, raw: bytes, secret: str = ""
) -> tuple[datetime, bytes, dict[str, str]]:
    return at, raw, {"X-MW-Signature": place.header(raw, t=int(at.timestamp()), secret=secret)}


def days(place: ConnectedNetwork) -> list[tuple[str, int, int, int, int, int]]:
    with network_scope(place.network.id):
        fields = ("type", "deliveries", "repeats", "signed", "released", "live")
        return list(CoverageDay.objects.order_by("type", "day").values_list(*fields))


def cell(place: ConnectedNetwork, name: str) -> Cell:
    with network_scope(place.network.id):
        [found] = coverage_of([place.network], now=timezone.now())
        return next(each for each in found.cells if each.type.name == name)


def test_the_drain_adds_each_delivery_once(world: World) -> None:
    place = world.foundry
    start, note = body(_event="TaskWasStarted", n=1), body(_event="ActivityWasAddedOnTask", n=2)
    store(place, signed(place, NOON, start), (NOON + timedelta(days=1), start, {}), signed(place, NOON, note))
    drain(place, limit=1)
    assert days(place) == [
        ("ActivityWasAddedOnTask", 1, 0, 1, 0, 0),
        ("TaskWasStarted", 1, 0, 1, 0, 0),
        ("TaskWasStarted", 1, 1, 0, 0, 0),
    ]
    assert rebuild_projections(place.network.id, check=True).is_same


def test_a_delivery_that_fails_first_is_counted_when_it_is_done(world: World) -> None:
    place = world.foundry
    store(place, signed(place, NOON, body(_event="TaskWasStarted")))
    with patch.object(pipeline, "read", side_effect=ValueError):
        drain(place)
    assert days(place) == []
    with network_scope(place.network.id):
        assert run_again(place.network.id, Processing.objects.get().delivery_id)
    drain(place)
    assert days(place) == [("TaskWasStarted", 1, 0, 1, 0, 0)]


def test_signatures_that_are_verified_later_count_from_then_on(world: World) -> None:
    place, secret = world.foundry, "a secret that the portal is told later"
    raw = body(_event="TaskWasStarted")
    store(place, signed(place, NOON, raw, secret), signed(place, NOON, body(n=2), secret))
    drain(place)
    assert [line[3] for line in days(place)] == [0, 0]
    with network_scope(place.network.id):
        add_secret(place.network, actor=COMMAND_LINE, text=secret)
    recheck(place.network.id)
    assert [line[3] for line in days(place)] == [1, 1]
    assert rebuild_projections(place.network.id, check=True).is_same


def test_another_reader_moves_the_days_and_a_rebuild_mends_them(world: World) -> None:
    place = world.foundry
    store(place, signed(place, NOON, body(_event="TaskWasStarted")))
    drain(place)
    with network_scope(place.network.id):
        CoverageDay.objects.update(type="Gibberish", deliveries=9)
    assert rebuild_projections(place.network.id, check=True).rows == {"webhooks_coverageday": 2}
    read_again(place.network.id)
    assert days(place) == [("TaskWasStarted", 1, 0, 1, 0, 0)]


def test_history_and_what_left_the_quarantine_were_not_seen_live(world: World) -> None:
    place, now = world.foundry, timezone.now()
    store(place, signed(place, now - timedelta(days=2), body(_event="TaskWasStarted")))
    store(place, signed(place, now, body(_event="TaskWasCompleted")))
    drain(place)
    assert cell(place, "TaskWasStarted").last_live_at is None
    assert cell(place, "TaskWasStarted").last_other_at == now - timedelta(days=2)
    assert [cell(place, f"TaskWas{word}").seen for word in ("Started", "Completed", "Canceled")] == [
        "otherwise",
        "live",
        "never",
    ]
    assert cell(place, "TaskWasStarted").events == 1
    assert cell(place, "TaskWasCompleted").last_live_at == now
    assert cell(place, "TaskWasCompleted").per_day == pytest.approx(1 / 3)
    assert cell(place, "TaskWasCompleted").state == "good"
    assert cell(place, "TaskWasCanceled").state == "neutral"


def test_a_type_is_silent_by_its_own_hours_else_by_those_of_each_type(world: World) -> None:
    place, now = world.foundry, timezone.now()
    with network_scope(place.network.id):
        Network.objects.filter(id=place.network.id).update(connected_at=now - timedelta(days=3))
        place.network.refresh_from_db()
        assert silences([place.network], now=now)[place.network.id] == []  # no rule, no alarm
        wanted = {WHOLE: None, EACH: 48, "TaskWasCanceled": 0, "TaskWasStarted": 96}
        assert set_rules(place.network, wanted, actor=world.bob)
        assert not set_rules(place.network, wanted, actor=world.bob)
        silent = {each.type.name for each in silences([place.network], now=now)[place.network.id]}
        assert len(silent) == 9
        assert not silent & {"TaskWasCanceled", "TaskWasStarted"}
    store(place, signed(place, now, body(_event="TaskWasCompleted")))
    drain(place)
    assert not cell(place, "TaskWasCompleted").is_silent
    with tenant_scope(networks=[place.network.id]):
        [entry] = Entry.objects.filter(action="silence_changed")
    assert entry.details["TaskWasStarted"] == [None, 96]


def test_days_are_those_of_the_site_also_after_it_moved(world: World) -> None:
    """A delivery of half past midnight in Paris is one of that day, and of the day before in London."""
    place, moment = world.foundry, datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    store(place, signed(place, moment, body(_event="TaskWasStarted", n=1)))
    drain(place)

    def found() -> list[tuple[str, int]]:
        with network_scope(place.network.id):
            days = CoverageDay.objects.order_by("day").values_list("day", "deliveries")
            return [(day.isoformat(), count) for day, count in days]

    def move(zone: str) -> None:
        Network.objects.filter(id=place.network.id).update(time_zone=zone)
        place.network.refresh_from_db()

    assert found() == [("2026-03-04", 1)]
    move("Europe/London")
    assert rebuild_projections(place.network.id, check=True).is_same  # the drain alone moves days
    with network_scope(place.network.id):
        [coverage] = coverage_of([place.network], now=moment)
        assert (coverage.zone, sum(each.deliveries for each in coverage.cells)) == ("Europe/Paris", 1)
    store(place, signed(place, moment, body(_event="TaskWasStarted", n=2)))
    drain(place)
    assert found() == [("2026-03-03", 2)]
    assert rebuild_projections(place.network.id, check=True).is_same
    move("Mars/Olympus")  # no zone that anybody knows
    store(place, signed(place, moment, body(_event="TaskWasStarted", n=3)))
    drain(place)
    assert found() == [("2026-03-03", 3)]


def test_days_that_an_earlier_release_counted_in_utc_become_those_of_the_site(world: World) -> None:
    place, moment = world.foundry, datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    store(place, signed(place, moment, body(_event="TaskWasStarted", n=1)))
    drain(place)
    with network_scope(place.network.id):
        CoverageZone.objects.all().delete()
        CoverageDay.objects.update(day=date(2026, 3, 3))
        [coverage] = coverage_of([place.network], now=moment)
        assert (coverage.zone, coverage.cells[0].days) == ("UTC", 1)
    assert rebuild_projections(place.network.id, check=True).is_same
    store(place, signed(place, moment, body(_event="TaskWasStarted", n=2)))
    drain(place)
    with network_scope(place.network.id):
        assert set(CoverageDay.objects.values_list("day", "deliveries")) == {(date(2026, 3, 4), 2)}


def test_the_starter_plan_has_nothing_to_be_silent(world: World) -> None:
    place = world.foundry
    with network_scope(place.network.id):
        set_rules(place.network, {EACH: 1}, actor=world.bob)
        place.network.plan = Network.Plan.STARTER
        assert silences([place.network], now=timezone.now() + timedelta(days=9))[place.network.id] == []
