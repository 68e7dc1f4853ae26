"""What is kept of a call, and the bundle for the vendor's support: everything but secrets."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from portal.jobs.models import Call
from portal.lib.scope import network_scope
from portal.networks.scrub import GONE, scrub
from tests.jobs.test_sending import STOCK, Vendor, in_line, levels, send_all, vendor
from tests.world import World

__all__ = ["vendor"]
pytestmark = pytest.mark.django_db


def test_a_call_keeps_the_exchange_without_the_key(world: World, vendor: Vendor) -> None:
    key = world.foundry.api_key
    said = json.dumps({"message": f"key {key} may not", "password": "hunter2hunter2"}).encode()
    headers = {"X-Echo": f"Api-Key {key}", "Set-Cookie": "session=abcdef123456", "Content-Type": "application/json"}
    vendor.answers = [(403, headers, said)]
    in_line(world.foundry, STOCK, levels(2))
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        call = Call.objects.get()
    assert call.response_headers["x-echo"] == "Api-Key …"
    assert "set-cookie" not in call.response_headers and "api-key" not in call.request_headers
    assert call.request_headers["user-agent"].startswith("maintenance-portal/")
    assert json.loads(bytes(call.request_body)) == vendor.bodies[0]
    assert call.response_bytes == len(said)
    assert key not in str(call.__dict__) + bytes(call.response_body).decode()


def test_the_bundle_holds_what_support_asks_for_and_no_secret(world: World, vendor: Vendor, client: Client) -> None:
    place = world.foundry
    body = {"message": "no", "hook": place.hook_url, "secret": place.secret, "token": "an-odd-token-that-is-new"}
    vendor.answers = [(500, {"Content-Type": "application/json"}, json.dumps(body).encode())]
    job = in_line(place, STOCK, levels(2))
    send_all(place, most=1)
    with network_scope(place.network.id):
        call = Call.objects.get()
    address = f"/networks/foundry/jobs/{job}/calls/{call.id}/"
    client.force_login(world.audrey, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(address).content.decode()
    bundle = client.get(address + "?download=1")
    assert bundle["Content-Disposition"] == 'attachment; filename="support-req-1.txt"'
    text = bundle.content.decode()
    for wanted in (call.path, "req-1", "500", str(place.network.vendor_network_id), "ROUL-6200002", str(job), GONE):
        assert wanted in text
    for hidden in (place.api_key, place.secret, place.token, "an-odd-token"):
        assert hidden not in text and hidden not in page
    assert client.get(f"/networks/foundry/jobs/{job}/calls/{job}/").status_code == 404


def test_a_call_that_nobody_answered_has_a_bundle_too(world: World, vendor: Vendor, client: Client) -> None:
    vendor.answers = ["drop"]
    job = in_line(world.foundry, "createLocations", {2: {"name": "A-1"}})
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        call = Call.objects.get()
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    text = client.get(f"/networks/foundry/jobs/{job}/calls/{call.id}/?download=1").content.decode()
    assert "none came back" in text and '[{"name":"A-1"}]' in text


def test_what_is_called_a_secret_goes_and_words_stay(world: World) -> None:
    network = world.foundry.network
    with network_scope(network.id):
        assert scrub(network, "Api-Key: abc123456 and more") == f"Api-Key: {GONE} and more"
        assert scrub(network, '{"password": "s3cr3t!", "name": "Key of 12"}') == (
            f'{{"password": "{GONE}", "name": "Key of 12"}}'
        )
        assert scrub(network, "Authorization: Bearer abc.def.ghi") == f"Authorization: {GONE}"
        assert scrub(network, "the secret of the pump is grease") == "the secret of the pump is grease"
