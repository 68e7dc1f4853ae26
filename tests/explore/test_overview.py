"""Home: what needs attention, each figure with the rows that it counts, at a cost that networks do not raise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.explore import health, signals
from portal.explore.signals import standings
from portal.jobs.models import Batch, Job, Row
from portal.jobs.moves import move
from portal.jobs.states import RowState
from portal.lib.ids import new_id
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.models import Network
from portal.stock.models import Gap, Part
from portal.tasks.models import Plan, Task
from tests.webhooks.test_drain import body, drain, store
from tests.world import World, add_network

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    health._kept.clear()


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def add_part(network: Network, part: str, **fields: Any) -> None:
    Part.objects.create(
        network=network, part=part, confidence="exact", places=1, head_key=b"0", state={}, level=1, **fields
    )


def add_task(network: Network, task: str, **fields: Any) -> None:
    Task.objects.create(network=network, task=task, head_key=task.encode(), position=1, **fields)


def add_job(network: Network, **fields: Any) -> Job:
    return Job.objects.create(
        network=network, operation="replaceSparePartStock", family="stock", source="file", created_by="x", **fields
    )


def trouble(network: Network, person: Any) -> None:
    """Make one thing of each kind that needs attention, and one beside it that does not."""
    now = timezone.now()
    ago = now - timedelta(days=10)
    Network.objects.filter(id=network.id).update(connected_at=ago)
    network.refresh_from_db()
    with network_scope(network.id):
        add_part(network, "id:out", out_since=now, below_since=now)
        add_part(network, "id:low", below_since=now)
        add_part(network, "id:good")
        add_task(network, "id:late", state="scheduled", state_at=ago)
        add_task(network, "id:done", state="completed", state_at=ago)
        for task in ("id:late", "id:done"):
            Plan.objects.create(network=network, task=task, ends_at=now - timedelta(hours=1), job_id=new_id(), row=1)
        add_task(network, "id:idle", state="started", started_at=ago, state_at=ago)
        add_task(network, "id:busy", state="started", started_at=ago, last_activity_at=now, state_at=ago)
        add_job(network, state="failed", ended_at=now)
        add_job(network, state="failed", ended_at=ago)
        add_job(network, state="checked", created_by_id=person.id)
        add_job(network, state="checked", created_by_id=new_id())
        add_job(network, state="partly_done", uncertain=3)
        add_job(network, state="partly_done", uncertain=4, created_at=now - timedelta(days=40))
        gap = {"network": network, "part": "id:low", "before": 1, "after": 2, "since": ago, "until": now}
        Gap.objects.create(**gap, order_key=b"1")
        Gap.objects.create(**gap, order_key=b"2", closed_by=7)


WANTED = {
    "out": 1, "below": 2, "overdue": 1, "stale": 1, "uncertain": 3, "failed": 1, "waiting": 1, "quarantine": 0,
    "gaps": 1, "silence": 1,
}  # fmt: skip


def test_each_signal_counts_its_own(world: World) -> None:
    network = world.foundry.network
    trouble(network, world.bob)
    with network_scope(network.id):
        [found] = standings([network], person=world.bob.id, now=timezone.now())
    assert {key: figure.count for key, figure in found.figures.items()} == WANTED
    assert [figure.signal.key for figure in found.needs][:3] == ["out", "overdue", "failed"]


def test_one_of_a_thing_is_said_in_the_singular(world: World) -> None:
    trouble(world.foundry.network, world.bob)
    page = client_of(world.bob).get("/").content.decode()
    assert '<span class="unit">alarm</span>' in page
    assert '<span class="unit">alarms</span>' not in page


def test_a_figure_leads_to_the_rows_that_it_counts(world: World) -> None:
    network = world.foundry.network
    trouble(network, world.bob)
    client = client_of(world.bob)
    page = client.get(f"/?network={network.slug}").content.decode()
    for value, count in (("failed", 1), ("uncertain", 1), ("waiting", 1)):
        url = f"/jobs/?network={network.slug}&is={value}"
        assert url.replace("&", "&amp;") in page
        assert client.get(url).content.decode().count("<tr data-row-link") == count
    for value, name in (("overdue", "late"), ("stale", "idle")):
        url = f"/tasks/?network={network.slug}&{value}=1"
        assert url.replace("&", "&amp;") in page
        tasks = client.get(url).content.decode()
        assert {task for task in ("late", "done", "idle", "busy") if f"id%3A{task}" in tasks} == {name}
    for value, parts in (("out", {"out"}), ("below", {"out", "low"})):
        url = f"/stock/?network={network.slug}&low={value}"
        assert url.replace("&", "&amp;") in page
        stock = client.get(url).content.decode()
        assert {part for part in ("out", "low", "good") if f"id%3A{part}" in stock} == parts
    assert f"{reverse('stock_gaps')}?network={network.slug}" in page
    assert reverse("quarantine", args=[network.slug]) in page


def test_a_count_is_exact_up_to_a_thousand_and_stops_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MOST", 3)
    network = world.foundry.network
    with network_scope(network.id):
        for number in range(5):
            add_part(
                network, f"id:{number}", out_since=timezone.now() if number < 3 else None, below_since=timezone.now()
            )
        [found] = standings([network], person=world.bob.id, now=timezone.now())
    assert (found.figures["out"].text, found.figures["below"].text) == ("3", "3+")


def test_uncertain_rows_are_counted_as_they_move(world: World) -> None:
    network, now = world.foundry.network, timezone.now()
    with network_scope(network.id):
        job = add_job(network, state="sending")
        Batch.objects.create(network=network, job_id=job.id, number=1, rows=3, state="sending")
        for number in range(3):
            Row.objects.create(network=network, job_id=job.id, number=number, state="queued", batch=1)
        assert move(network.id, job.id, RowState.SENDING, RowState.UNCERTAIN, now=now) == 3
        assert move(network.id, job.id, RowState.UNCERTAIN, RowState.CONFIRMED, now=now, only=Q(number=1)) == 1
        assert Job.objects.get(id=job.id).uncertain == 2


def test_several_networks_are_lines_that_can_be_sorted_with_totals(world: World) -> None:
    trouble(world.annex.network, world.alice)
    client = client_of(world.alice)
    page = client.get("/?sort=out").content.decode()
    assert page.index("<b>Annex</b>") < page.index("<b>Foundry</b>")
    page = client.get("/?sort=out&order=up").content.decode()
    assert page.index("<b>Foundry</b>") < page.index("<b>Annex</b>")
    assert 'aria-sort="ascending"' in page
    foot = page.split("<tfoot>")[1]
    assert 'data-label="Below minimum">2</td>' in foot
    assert 'data-label="Silent">1</td>' in foot  # nothing has come from the other, which was connected just now
    assert client.get("/?network=elsewhere").status_code == 404


def test_today_is_counted_by_type_at_the_sites_midnight(world: World) -> None:
    place = world.foundry
    store(place, (timezone.now(), body(_event="TaskWasStarted"), {}), (timezone.now() - timedelta(days=2), body(), {}))
    drain(place)
    page = client_of(world.bob).get("/").content.decode()  # Bob sees one network, so that he needs no line per network
    today = page.split("Events by type")[1]
    assert "type=TaskWasStarted" in today
    assert today.count('class="quiet num">1<') == 1


@pytest.mark.parametrize("path", ["/", "/?sort=today", "/?network=foundry"])
def test_more_networks_and_more_trouble_cost_no_more_queries(world: World, path: str) -> None:
    client = client_of(world.alice)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as few:
        health._kept.clear()
        assert client.get(path).status_code == 200
    for number in range(5):
        network = add_network(world.organization, f"Site {number}").network
        trouble(network, world.alice)
    trouble(world.foundry.network, world.alice)
    with CaptureQueriesContext(connection) as many:
        health._kept.clear()
        assert client.get(path).status_code == 200
    assert len(many) == len(few)


def test_who_has_no_network_is_told_what_to_do(world: World) -> None:
    world.audrey.memberships.all().delete()
    assert "Ask an admin of your organization" in client_of(world.audrey).get("/").content.decode()


def test_totals_hold_nothing_of_others(world: World) -> None:
    trouble(world.elsewhere.network, world.charlie)
    with tenant_scope(networks=[world.foundry.network.id]):
        found = standings([world.foundry.network, world.elsewhere.network], person=world.alice.id, now=timezone.now())
    assert [each.figures["out"].count for each in found] == [0, 0]
