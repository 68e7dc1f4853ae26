"""The page of the coverage map: who may see and set what, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.explore import health
from portal.explore.gaps import gaps_of
from portal.lib.ids import new_id
from portal.lib.scope import network_scope
from portal.networks.models import Network
from portal.stock.models import Gap
from portal.webhooks.models import SilenceRule
from tests.explore.test_overview import client_of
from tests.webhooks.test_coverage import signed
from tests.webhooks.test_drain import body, drain, store
from tests.world import World, add_network

pytestmark = pytest.mark.django_db


def test_the_page_says_what_was_never_seen_and_what_to_do_when_deliveries_failed(world: World) -> None:
    place = world.foundry
    store(place, signed(place, timezone.now(), body(_event="TaskWasStarted")))
    drain(place)
    page = client_of(world.bob).get(reverse("coverage")).content.decode()
    assert page.count("Never seen</span>") == 11  # and the label of their number
    assert "When Mobility Work writes that a webhook failed" in page
    assert reverse("quarantine", args=[place.network.slug]) in page


def test_a_type_of_loaded_history_was_not_never_seen_on_any_page(world: World) -> None:
    """A newcomer read "Never seen" beside bars, figures and a timeline that had the type."""
    place, slug = world.foundry, world.foundry.network.slug
    store(place, signed(place, timezone.now() - timedelta(days=2), body(_event="TaskWasStarted")))
    drain(place)
    client = client_of(world.bob)
    page = client.get(reverse("coverage")).content.decode()
    assert page.count("Never seen</span>") == 11  # ten types, and the label of their number
    assert page.count("not live: loaded history or quarantine") == 1
    assert "1 more not live so far" in page
    network = client.get(reverse("network", args=[slug])).content.decode()
    assert network.count("never seen</span>") == 10
    assert network.count("not live: loaded history or quarantine") == 1


def test_a_network_connected_just_now_is_not_silent(world: World) -> None:
    place, slug = world.foundry, world.foundry.network.slug
    client = client_of(world.bob)
    health._kept.clear()
    page = client.get(reverse("network", args=[slug])).content.decode()
    assert "Nothing received yet" in page
    assert "Silent for too long" not in page
    old = timezone.now() - timedelta(days=9)
    store(place, signed(place, old, body(_event="TaskWasStarted")))  # history from before it was connected
    drain(place)
    health._kept.clear()
    assert "Nothing at all has arrived" not in client.get(reverse("coverage")).content.decode()
    Network.objects.filter(id=place.network.id).update(connected_at=old)
    assert "Nothing at all has arrived" in client.get(reverse("coverage")).content.decode()


def test_an_admin_sees_a_line_per_network_and_nothing_of_others(world: World) -> None:
    page = client_of(world.alice).get(reverse("coverage")).content.decode()
    assert "Foundry" in page and "Annex" in page and "Elsewhere" not in page
    assert client_of(world.alice).get(reverse("coverage") + "?network=elsewhere").status_code == 404


def test_a_manager_sets_the_alarm_and_an_auditor_does_not(world: World) -> None:
    address = reverse("silence", args=[world.foundry.network.slug])
    assert client_of(world.audrey).get(address).status_code == 403
    client = client_of(world.bob)
    assert client.post(address, {"whole": "x"}).status_code == 422
    assert client.post(address, {"whole": "5", "TaskWasStarted": "7"}).status_code == 302
    with network_scope(world.foundry.network.id):
        assert dict(SilenceRule.objects.values_list("type", "hours")) == {"": 5, "TaskWasStarted": 7}
    assert 'value="7"' in client.get(address).content.decode()
    assert "after 7 hours" in client.get(reverse("coverage")).content.decode()
    assert client.post(address, {"whole": "24"}).status_code == 302
    with network_scope(world.foundry.network.id):
        assert not SilenceRule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_gap_in_which_a_delivery_was_refused_says_so(world: World) -> None:
    network, now = world.foundry.network, timezone.now()
    with network_scope(network.id):
        for number, ago in enumerate((1, 50)):
            Gap.objects.create(
                network=network, part="id:1", order_key=bytes([number]), before=3, after=10,
                since=now - timedelta(hours=ago), until=now - timedelta(hours=ago - 2),
            )  # fmt: skip
    with connections["owner"].cursor() as cursor:  # the app role may not add to the quarantine
        cursor.execute(
            """INSERT INTO webhooks_quarantineddelivery (network_id, id, address_id, received_at, reason, body, headers,
            size) VALUES (%s, %s, %s, now(), 'no_match', '', '{}', 1)""",
            [network.id, new_id(), new_id()],
        )
    with network_scope(network.id):
        assert [gap.may_be_refused for gap in gaps_of(network)] == [True, False]
        assert gaps_of(network)[0].missing == 7


@pytest.mark.parametrize("path", ["/coverage/", "/coverage/?network=foundry"])
def test_more_networks_and_types_cost_no_more_queries(world: World, path: str) -> None:
    client = client_of(world.alice)
    client.get(path)
    counts: list[Any] = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            health._kept.clear()
            assert client.get(path).status_code == 200
        counts.append(len(queries))
        for name in ("TaskWasStarted", "TaskWasCompleted"):
            place = add_network(world.organization, f"Site {number} {name}")
            store(place, signed(place, timezone.now(), body(_event=name)))
            drain(place)
    assert counts[0] == counts[1]
