"""What jobs hand on to the projections: accepted stock values, and the plans of tasks that events prove."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.jobs.models import Batch, Row
from portal.lib.scope import network_scope
from portal.stock.models import Entry, Part, Write
from portal.tasks.models import Plan
from portal.timeline.models import Reading
from portal.webhooks.pipeline import process_waiting
from portal.webhooks.projections import project
from portal.webhooks.rebuild import rebuild_projections
from tests.jobs.test_confirm import hear, judge_all, moved, scheduled, states, stock
from tests.jobs.test_sending import STOCK, TASK, Vendor, in_line, send_all, vendor
from tests.world import World

__all__ = ["vendor"]
pytestmark = pytest.mark.django_db


def signed(world: World) -> None:
    """Let what was heard count, as if its signatures had been verified."""
    network_id = world.foundry.network.id
    with network_scope(network_id):
        Reading.objects.update(verified=True)
        project(network_id, list(Reading.objects.values_list("position", flat=True)))


def test_an_accepted_level_is_what_the_stock_page_observes(world: World, vendor: Vendor) -> None:
    hear(world, [moved("A-1", 50)])
    signed(world)
    job = in_line(world.foundry, STOCK, {2: stock("A-1", 90), 3: stock("NEW-1", 5)})
    send_all(world.foundry)
    judge_all(world)
    process_waiting(world.foundry.network.id, limit=10)
    with network_scope(world.foundry.network.id):
        known, named = Part.objects.get(part="id:1"), Part.objects.get(part="ref:NEW-1")
        assert (known.level, known.confidence) == (90, "observed")
        assert (named.level, named.confidence) == (5, "observed")
        entry = Entry.objects.get(part="id:1", kind="written")
        assert (entry.job_id, entry.row) == (job, 2)
    assert rebuild_projections(world.foundry.network.id, check=True).is_same


def test_parts_that_share_a_reference_are_all_written(world: World, vendor: Vendor) -> None:
    hear(world, [moved("A-1", 50, native="1"), moved("A-1", 60, native="2")], signed=True)
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    judge_all(world)
    with network_scope(world.foundry.network.id):
        assert sorted(Write.objects.values_list("part", "level")) == [("id:1", 90), ("id:2", 90)]


def test_a_level_that_nobody_accepted_is_no_evidence(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    vendor.answers = ["drop"] * 20
    for _ in range(10):
        send_all(world.foundry)
        with network_scope(world.foundry.network.id):
            Batch.objects.exclude(not_before=None).update(not_before=None)
    judge_all(world)
    assert states(world) == ["uncertain"]
    with network_scope(world.foundry.network.id):
        assert not Write.objects.exists()


def test_an_event_before_the_look_back_does_not_lose_the_write(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        Row.objects.update(state="confirmed")
    judge_all(world)
    with network_scope(world.foundry.network.id):
        assert Write.objects.get().level == 90


def test_a_task_that_an_event_proves_keeps_the_plan_of_its_row(world: World, vendor: Vendor) -> None:
    said = {
        "description": "Grease the bearings",
        "startDateTime": "2026-03-12T08:00:00+01:00",
        "endDateTime": "2026-03-12T10:00:00+01:00",
        "allDay": False,
    }
    job = in_line(world.foundry, TASK, {2: said, 3: {"description": "no times", "endDateTime": "soon", "allDay": True}})
    send_all(world.foundry)
    first, second = vendor.bodies
    judge_all(world)
    with network_scope(world.foundry.network.id):
        assert not Plan.objects.exists()
    hear(world, [scheduled(first, "aaaa1111"), scheduled(second, "bbbb2222")])
    judge_all(world)
    with network_scope(world.foundry.network.id):
        plan, bare = Plan.objects.order_by("task")
    assert (plan.task, plan.description, plan.job_id, plan.row) == ("id:aaaa1111", "Grease the bearings", job, 2)
    assert plan.starts_at == datetime(2026, 3, 12, 7, tzinfo=UTC)
    assert plan.ends_at == datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert (plan.all_day, bare.all_day) == (False, True)
    assert (bare.starts_at, bare.ends_at) == (None, None)
    # Another event that claims the same row changes nothing.
    hear(world, [scheduled(first, "aaaa1111")])
    judge_all(world)
    with network_scope(world.foundry.network.id):
        assert Plan.objects.count() == 2
