"""What the wizard keeps to itself, and what it says when the vendor denies access or does not answer in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from integrations.mobility_work import client as vendor
from portal.lib.scope import network_scope
from portal.networks.inbox import current_token, hook_url, valid_secrets
from portal.networks.models import Credential, Network
from tests.networks.test_commands import make_network, sandbox
from tests.networks.test_wizard import alice, check
from tests.world import World

__all__ = ["alice", "sandbox"]

pytestmark = pytest.mark.django_db


class Denying(BaseHTTPRequestHandler):
    """Answers 403 as the vendor does; the sandbox has no such fault."""

    def do_GET(self) -> None:
        body = b'{"message": "Access denied"}'
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def denying(settings: Any) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), Denying)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    settings.MOBILITY_WORK_API_URL = f"http://127.0.0.1:{server.server_port}"
    yield
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


def test_a_key_without_access_is_told_apart_from_a_wrong_one(alice: Client, world: World, denying: None) -> None:
    answer = check(alice, world, "key-without-access-0123")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "accepts the key but denies access" in page
    assert "does not accept this API key" not in page
    assert Network.objects.filter(organization=world.organization).count() == 2


def test_a_vendor_that_does_not_answer_in_time(
    alice: Client, world: World, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_network(sandbox)
    faults = f"{sandbox.url}/control/api/networks/{made['network_id']}/faults"
    httpx.put(faults, json={"call": "timeout", "calls": 1, "seconds": 2}).raise_for_status()
    # Half a minute, as in production, is too long for a test.
    impatient = partial(vendor.vendor_client, timeout=httpx.Timeout(0.3))
    with monkeypatch.context() as patched:
        patched.setattr(vendor, "vendor_client", impatient)
        assert "did not answer in time" in check(alice, world, made["api_key"]).content.decode()
    assert "Fourth" in check(alice, world, made["api_key"]).content.decode()


def test_the_key_shows_nowhere_on_the_way_and_the_secret_once_connected(
    alice: Client, world: World, sandbox: Any
) -> None:
    made = make_network(sandbox)
    check(alice, world, made["api_key"])
    wish = {"step": "confirm", "name": "Rome", "kind": "sandbox", "plan": "premium"}
    refused = alice.post("/networks/connect/", wish | {"plan": "none such"})
    listening = alice.post("/networks/connect/", wish, follow=True)
    network = Network.objects.get(slug="rome")
    for answer in (refused, listening, alice.get("/networks/rome/"), alice.get("/networks/connect/")):
        assert made["api_key"] not in answer.content.decode()
    with network_scope(network.id):
        (secret,) = valid_secrets(network.id)
        address = hook_url(current_token(network.id))
        assert made["api_key"].encode() not in bytes(Credential.objects.get().sealed_key)
    assert secret in listening.content.decode()
    assert address in listening.content.decode()
    assert secret not in alice.get("/networks/rome/").content.decode()
    assert "pending_connection" not in alice.session


def test_a_refused_replacement_leaves_the_key_in_use_and_shows_neither(
    alice: Client, world: World, sandbox: Any
) -> None:
    network, other = world.foundry.network, make_network(sandbox, name="Other")
    url = reverse("network_key", args=[network.slug])
    for key in (other["api_key"], "unknown-key-123456"):
        page = alice.post(url, {"api_key": key}).content.decode()
        assert key not in page
        assert world.foundry.api_key not in page
    with network_scope(network.id):
        kept = Credential.objects.get()
    assert (kept.state, kept.last_four) == ("active", world.foundry.api_key[-4:])


def test_only_admins_connect_and_replace(world: World) -> None:
    bob = Client()
    bob.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    answers = [bob.get("/networks/connect/"), bob.post(reverse("network_key", args=["foundry"]), {"api_key": "k"})]
    assert all(answer.status_code in {403, 404} for answer in answers)
