"""Keys, secrets and addresses that are changed twice at once, or back to what was given up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from integrations.mobility_work.client import NetworkSettings
from portal.lib.scope import network_scope
from portal.networks.connect import rotate_key
from portal.networks.inbox import add_secret, rotate_address
from portal.networks.models import Credential, InboxAddress, Network, SigningSecret
from portal.trail.models import Entry
from tests.networks.test_commands import make_network, sandbox
from tests.networks.test_wizard import alice
from tests.world import World, add_network

__all__ = ["alice", "sandbox"]


def both_at_once(act: Callable[[int], object], network: Network) -> None:
    together = Barrier(2)

    def run(number: int) -> None:
        together.wait()
        try:
            with network_scope(network.id):
                act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))


@pytest.mark.django_db(transaction=True)
def test_two_keys_at_once_leave_one_in_use(world: World) -> None:
    network = world.foundry.network
    found = NetworkSettings(network.vendor_network_id, None, "Foundry", "Europe/Paris", "EUR")
    both_at_once(
        lambda n: rotate_key(network, found=found, api_key=f"a-new-key-0123456789-{n}", actor=world.alice), network
    )
    with network_scope(network.id):
        assert sorted(Credential.objects.values_list("state", flat=True)) == ["active", "previous", "previous"]


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_leave_one_address_and_one_secret_without_an_end(world: World) -> None:
    network = world.foundry.network
    both_at_once(lambda _: rotate_address(network, actor=world.alice), network)
    both_at_once(lambda _: add_secret(network, actor=world.alice), network)
    with network_scope(network.id):
        assert InboxAddress.objects.filter(valid_until=None).count() == 1
        assert SigningSecret.objects.filter(valid_until=None).count() == 1


@pytest.mark.django_db
def test_a_key_reported_as_compromised_never_ends_the_stop(alice: Client, world: World, sandbox: Any) -> None:
    mine, network = make_network(sandbox), world.foundry.network
    Network.objects.filter(id=network.id).update(vendor_network_id=mine["network_id"])
    url = reverse("network_key", args=[network.slug])
    assert alice.post(url, {"api_key": mine["api_key"]}).status_code == 302
    alice.post(reverse("network_key_compromised", args=[network.slug]))
    again = alice.post(url, {"api_key": mine["api_key"]})
    assert again.status_code == 422
    assert "reported as compromised" in again.content.decode()
    assert mine["api_key"] not in again.content.decode()
    network.refresh_from_db()
    assert network.sending_stopped_at is not None
    with network_scope(network.id):
        assert not Credential.objects.filter(state="active").exists()


@pytest.mark.django_db
def test_a_network_named_like_a_page_has_its_own_page(alice: Client, world: World) -> None:
    network = add_network(world.organization, "Connect").network
    answer = alice.get(reverse("network", args=[network.slug]))
    assert answer.resolver_match.url_name == "network"


@pytest.mark.django_db
def test_the_trail_keeps_which_network_a_sandbox_was_paired_with(alice: Client, world: World) -> None:
    annex, foundry = world.annex.network, world.foundry.network
    wish = {"name": "Annex", "plan": "premium", "kind": "sandbox", "production": str(foundry.id)}
    assert alice.post(reverse("network_change", args=[annex.slug]), wish).status_code == 302
    with network_scope(annex.id):
        details = Entry.objects.get(action="network_changed").details
    assert (details["before"]["sandbox_of"], details["after"]["sandbox_of"]) == (None, foundry.slug)
