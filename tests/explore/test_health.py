"""The dot beside a network's name: the worst finding speaks, and an error page asks the database nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.explore import health
from portal.lib.scope import tenant_scope
from portal.networks.access import access_of
from portal.networks.models import Credential, Network
from portal.webhooks.glance import Glance, glances
from tests.webhooks.test_drain import body, drain, store
from tests.world import World


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    health._kept.clear()
    yield
    health._kept.clear()


def glance() -> Glance:
    network = Network(name="Foundry", plan=Network.Plan.PREMIUM)
    key = Credential(network=network, state=Credential.State.ACTIVE, last_error="")
    return Glance(network, key, timezone.now(), 0, 0, True)


def test_a_network_that_works_is_good() -> None:
    assert health.judge(glance())[0] == "good"


@pytest.mark.django_db
def test_much_trouble_on_one_network_hides_none_on_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.webhooks.glance.MOST", 2)
    for place, count in ((world.foundry, 5), (world.annex, 1), (world.elsewhere, 0)):
        store(place, *((timezone.now(), body(networkId=str(uuid4()), number=number), {}) for number in range(count)))
        drain(place)
    networks = [world.foundry.network, world.annex.network, world.elsewhere.network]
    with tenant_scope(networks=[network.id for network in networks]):
        assert [each.troubled for each in glances(networks)] == [2, 1, 0]


def test_a_network_is_silent_from_its_hours_after_it_was_connected_at_the_earliest() -> None:
    waiting = replace(glance(), last_received_at=None)
    assert health.judge(waiting) == ("neutral", "Nothing received yet")
    waiting.network.connected_at = timezone.now() - timedelta(hours=25)
    assert health.judge(waiting) == ("warn", "Silent for too long")
    assert health.judge(replace(waiting, last_received_at=timezone.now() - timedelta(days=9)))[0] == "warn"
    assert health.judge(replace(waiting, alarm_hours=26)) == ("neutral", "Nothing received yet")


@pytest.mark.parametrize("finding", [{"quarantined": 1}, {"troubled": 1}])
def test_what_needs_a_look_warns(finding: dict[str, object]) -> None:
    assert health.judge(replace(glance(), **finding))[0] == "warn"  # type: ignore[arg-type]


def test_a_key_that_does_not_work_is_worse_than_a_held_delivery() -> None:
    found = replace(glance(), quarantined=1)
    found.credential.last_error = "refused"  # type: ignore[union-attr]
    assert health.judge(found) == ("bad", "The API key is refused")
    assert health.judge(replace(found, credential=None)) == ("bad", "No API key in use")
    found.network.sending_stopped_at = timezone.now()
    assert health.judge(found)[1] == "The key was reported as compromised"


@pytest.mark.django_db
def test_a_person_sees_the_dots_of_their_own_networks_only(world: World) -> None:
    mine = {choice.network.id for choice in health.choices(access_of(world.alice))}
    theirs = {choice.network.id for choice in health.choices(access_of(world.charlie))}
    assert world.foundry.network.id in mine
    assert theirs
    assert not mine & theirs


@pytest.mark.django_db
def test_the_second_page_within_seconds_asks_nothing(world: World, django_assert_num_queries: object) -> None:
    access = access_of(world.alice)
    first = health.choices(access)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert health.choices(access) == first


@pytest.mark.django_db
def test_a_page_inside_a_given_up_transaction_still_has_its_frame(world: World) -> None:
    access = access_of(world.alice)
    with transaction.atomic():
        transaction.set_rollback(True)
        assert {choice.health for choice in health.choices(access)} == {"neutral"}


@pytest.mark.django_db
def test_the_switcher_says_the_health_in_words_and_the_event_belongs_to_the_timeline(
    world: World, client: Client
) -> None:
    client.force_login(world.alice)
    page = client.get(reverse("networks")).content.decode()
    assert "dot-neutral" in page  # no event has arrived in this world
    assert "Nothing received yet" in page
    subject = reverse("subject", args=[world.foundry.network.slug, "part"]) + "?key=unheard-of"
    answer = client.get(subject).content.decode()
    marked = [line for line in answer.splitlines() if 'aria-current="page"' in line]
    assert len(marked) == 1
    assert reverse("timeline") in marked[0]


def test_the_bell_names_every_finding_with_its_number_the_worst_first() -> None:
    found = replace(glance(), quarantined=3, troubled=2, credential=None)
    assert [(item.state, item.page, item.count) for item in health.findings(found)] == [
        ("bad", "network", 0),
        ("warn", "quarantine", 3),
        ("warn", "quarantine", 2),
    ]
    assert health.findings(glance()) == []


@pytest.mark.django_db
def test_the_bell_is_on_every_page_and_leads_to_the_network(world: World, client: Client) -> None:
    client.force_login(world.alice)
    Network.objects.update(connected_at=timezone.now() - timedelta(days=9))  # silent all the time
    page = client.get(reverse("help")).content.decode()
    bell = page.split('<details class="menu bell">')[1].split("</details>")[0]
    number = len(health.bell(access_of(world.alice)))
    assert f"{number} things need attention" in bell
    assert reverse("network", args=[world.foundry.network.slug]) in bell
    for network in access_of(world.alice).networks:
        health._kept[network.id] = (float("inf"), ())
    calm = client.get(reverse("help")).content.decode().split('<details class="menu bell">')[1].split("</details>")[0]
    assert "Nothing needs attention" in calm
    assert calm.count("<li>") == 2  # to all notices, and to what one wants to be told
