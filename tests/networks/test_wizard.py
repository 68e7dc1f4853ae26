"""The connect wizard against the real sandbox: each failure has its own message, and no key is ever shown."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from portal.lib.scope import network_scope
from portal.networks.models import Credential, Network
from tests.networks.test_commands import make_network, sandbox
from tests.world import World

__all__ = ["sandbox"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(world: World) -> Client:
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def check(client: Client, world: World, key: str) -> Any:
    wish = {"step": "key", "organization": str(world.organization.id), "api_key": key}
    answer = client.post("/networks/connect/", wish, follow=True)
    assert key not in answer.content.decode()
    assert key not in str(dict(client.session))
    return answer


def test_a_good_key_leads_to_a_listening_page(alice: Client, world: World, sandbox: Any) -> None:
    made = make_network(sandbox)
    confirm = check(alice, world, made["api_key"]).content.decode()
    assert "Fourth" in confirm and made["network_id"] in confirm and "Europe/Rome" in confirm
    wish = {"step": "confirm", "name": "Rome", "kind": "sandbox", "plan": "premium"}
    listening = alice.post("/networks/connect/", wish, follow=True)
    assert listening.redirect_chain[-1][0] == "/networks/rome/listen/"
    assert listening.content.decode().count("never seen") == 11
    assert "no-store" in listening["Cache-Control"]
    assert alice.get("/networks/rome/").status_code == 200


def test_starter_has_nothing_to_listen_for_and_says_what_that_costs(alice: Client, world: World, sandbox: Any) -> None:
    check(alice, world, make_network(sandbox, plan="starter")["api_key"])
    wish = {"step": "confirm", "name": "Small", "kind": "production", "plan": "starter"}
    page = alice.post("/networks/connect/", wish, follow=True)
    assert page.redirect_chain[-1][0] == "/networks/small/"
    assert "nothing confirms a write" in page.content.decode()


def test_each_failure_has_its_own_message(alice: Client, world: World, sandbox: Any, settings: Any) -> None:
    assert "does not accept this API key" in check(alice, world, "unknown-key-123456").content.decode()
    assert "does not accept this API key" in check(alice, world, "clé avec accents").content.decode()
    made = make_network(sandbox)
    fault = f"{sandbox.url}/control/api/networks/{made['network_id']}/faults"
    httpx.put(fault, json={"call": 500, "calls": 1}).raise_for_status()
    assert "has a fault at the moment" in check(alice, world, made["api_key"]).content.decode()
    settings.MOBILITY_WORK_API_URL = "http://127.0.0.1:9"
    assert "could not be reached" in check(alice, world, made["api_key"]).content.decode()


def test_a_network_is_connected_once(alice: Client, world: World, sandbox: Any) -> None:
    made = make_network(sandbox)
    Network.objects.filter(id=world.annex.network.id).update(vendor_network_id=made["network_id"])
    assert "is connected already" in check(alice, world, made["api_key"]).content.decode()
    other = make_network(sandbox)
    Network.objects.filter(id=world.elsewhere.network.id).update(vendor_network_id=other["network_id"])
    assert "connected to another organization" in check(alice, world, other["api_key"]).content.decode()


def test_a_key_is_replaced_only_by_one_of_the_same_network(alice: Client, world: World, sandbox: Any) -> None:
    mine, other = make_network(sandbox), make_network(sandbox, name="Other")
    network = world.foundry.network
    Network.objects.filter(id=network.id).update(vendor_network_id=mine["network_id"])
    url = reverse("network_key", args=[network.slug])
    assert "opens another network (Other)" in alice.post(url, {"api_key": other["api_key"]}).content.decode()
    assert alice.post(url, {"api_key": mine["api_key"]}).status_code == 302
    with network_scope(network.id):
        active = Credential.objects.get(state="active")
        assert active.last_four == mine["api_key"][-4:]
    stopped = alice.post(reverse("network_key_compromised", args=[network.slug]), follow=True).content.decode()
    assert "contact at Mobility Work" in stopped
    with network_scope(network.id):
        assert not Credential.objects.filter(state="active").exists()
    assert Network.objects.get(id=network.id).sending_stopped_at is not None


@pytest.mark.parametrize(
    ("name", "beside", "proposed"),
    [
        ("Fourth", False, None),
        ("Testorf", False, None),
        ("Usine (TEST)", False, "sandbox"),
        ("Sandbox plant", False, "sandbox"),
        ("Fourth", True, "sandbox"),
    ],
)
def test_production_is_never_proposed(
    alice: Client, world: World, sandbox: Any, settings: Any, name: str, beside: bool, proposed: str | None
) -> None:
    settings.PORTAL_SANDBOX_URL = sandbox.url.replace("127.0.0.1", "localhost") if beside else ""
    page = check(alice, world, make_network(sandbox, name=name)["api_key"]).content.decode()
    checked = re.findall(r'name="kind" value="(\w+)"[^>]* checked', page)
    assert checked == ([proposed] if proposed else [])
    assert ("Sandbox is proposed" in page) is bool(proposed)
    answer = alice.post("/networks/connect/", {"step": "confirm", "name": "Rome", "plan": "premium"})
    assert answer.status_code == 422
    assert "Choose production or sandbox." in answer.content.decode()
    assert not Network.objects.filter(slug="rome").exists()
