"""What is kept of a call, and the bundle for the vendor's support: everything but secrets."""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from integrations.mobility_work.signature import CANDIDATES
from portal.jobs.models import Call
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.models import Inbox, SigningSecret
from portal.networks.scrub import GONE, scrub
from portal.trail.models import Entry
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.jobs.test_sending import STOCK, Vendor, hurry, in_line, levels, send_all, vendor
from tests.world import ConnectedNetwork, World

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


def trail_of(place: ConnectedNetwork) -> list[str]:
    with network_scope(place.network.id):
        return list(Entry.objects.filter(action="support_bundle_taken").values_list("actor", flat=True))


def test_a_failed_request_has_a_bundle_of_all_its_calls_one_click_away(
    world: World, vendor: Vendor, client: Client
) -> None:
    place = world.foundry
    refused = {"extended_message": {"property_errors": {"/1/quantity": [{"messageKey": "error.payload.min"}]}}}
    echo = json.dumps({"message": f"key {place.api_key}"}).encode()
    vendor.answers = [
        (503, {"Request-Id": "req-first"}, echo),
        (400, {"Request-Id": "req-last"}, json.dumps(refused).encode()),
    ]
    job = in_line(place, STOCK, levels(2))
    send_all(place, most=1)
    hurry(place)
    send_all(place)
    client.force_login(world.audrey, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = f"/networks/foundry/jobs/{job}/requests/1/support/"
    assert address in client.get(f"/networks/foundry/jobs/{job}/").content.decode()
    answer = client.get(address)
    assert answer["Content-Disposition"] == f'attachment; filename="support-{job}-1.txt"'
    text = answer.content.decode()
    for wanted in (
        str(place.network.vendor_network_id), STOCK, "req-first", "req-last", "503", "400", "/1/quantity",
        "error.payload.min",
        "Began (UTC)", "maintenance-portal/", "ROUL-6200003", "===== Call 1", "===== Call 2",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert place.api_key not in text and GONE not in text  # the client had taken it out before it was kept
    assert trail_of(place) == ["audrey@example.com"]
    assert client.get(f"/networks/foundry/jobs/{job}/requests/2/support/").status_code == 404


def test_a_request_that_went_well_shows_no_button(world: World, vendor: Vendor, client: Client) -> None:
    job = in_line(world.foundry, STOCK, levels(2))
    send_all(world.foundry)
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "requests/1/support/" not in client.get(f"/networks/foundry/jobs/{job}/").content.decode()
    assert "requests/1/support/" in client.get(f"/networks/foundry/jobs/{job}/requests/1/").content.decode()


def hear(place: ConnectedNetwork, body: bytes, headers: dict[str, str]) -> None:
    with network_scope(place.network.id):
        store_past(place.network.id, [PastRequest(timezone.now(), body, headers)])
    process_waiting(place.network.id, limit=10)


def test_an_event_has_a_bundle_with_headers_and_verdict_and_no_secret(world: World, client: Client) -> None:
    place = world.foundry
    event = {
        "_event": "SparePartWasConsumed", "_idempotencyKey": "once-1", "emittedAt": "2026-03-01T08:00:00+01:00",
        "sparePart": {"id": "1", "externalReference": "A-1", "name": "Bearing"}, "odd": [place.secret, place.hook_url],
    }  # fmt: skip
    body = json.dumps(event).encode()
    signature = place.header(body)
    hear(place, body, {"X-MW-Signature": signature, "User-Agent": "Mobility Work - Webhook Service v1"})
    client.force_login(world.audrey, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "/networks/foundry/events/1/support/" in client.get("/networks/foundry/events/1/").content.decode()
    answer = client.get("/networks/foundry/events/1/support/")
    assert answer["Content-Disposition"] == 'attachment; filename="support-event-1.txt"'
    text = answer.content.decode()
    for wanted in (
        str(place.network.vendor_network_id), "SparePartWasConsumed", "once-1", signature, "verified",
        "Webhook Service v1",
        "Received (UTC)", "Signed at (UTC)", "Nonce", CANDIDATES[0].name, hashlib.sha256(body).hexdigest(), "A-1", GONE,
    ):  # fmt: skip
        assert wanted in text, wanted
    for hidden in (place.secret, place.token, place.api_key, "out] out]"):
        assert hidden not in text
    assert trail_of(place) == ["audrey@example.com"]
    assert client.get("/networks/foundry/events/2/support/").status_code == 404
    client.force_login(world.charlie, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/networks/foundry/events/1/support/").status_code == 404


def test_a_delivery_that_became_no_event_has_a_bundle_too(world: World, client: Client) -> None:
    place = world.foundry
    hear(place, json.dumps({"_event": "TaskWasStarted", "networkId": str(uuid4())}).encode(), {})
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/networks/foundry/quarantine/").content.decode()
    address = re.search(r"/networks/foundry/deliveries/[0-9a-f-]+/support/", page)
    assert address
    text = client.get(address[0]).content.decode()
    assert "held" in text and "unverified" in text and "no_header" in text
    assert client.get(f"/networks/foundry/deliveries/{uuid4()}/support/").status_code == 404


@pytest.mark.parametrize("secret", ['quo"ted-secret-é', "a/b+c=d&secret"])
def test_a_secret_goes_however_it_is_written(world: World, secret: str) -> None:
    network = world.foundry.network
    with network_scope(network.id):
        inbox = Inbox.objects.get(network_id=network.id)
        SigningSecret.objects.create(network_id=network.id, inbox=inbox, sealed_secret=sealer().seal(secret))
        text = "\n".join([f"x {secret} y", json.dumps({"x": [secret]}), "https://x/?q=" + quote(secret, safe="")])
        assert scrub(network, text) == f'x {GONE} y\n{{"x": ["{GONE}"]}}\nhttps://x/?q={GONE}'


def test_what_is_called_a_secret_goes_and_words_stay(world: World) -> None:
    network = world.foundry.network
    with network_scope(network.id):
        assert scrub(network, "Api-Key: abc123456 and more") == f"Api-Key: {GONE} and more"
        assert scrub(network, '{"password": "s3cr3t!", "name": "Key of 12"}') == (
            f'{{"password": "{GONE}", "name": "Key of 12"}}'
        )
        assert scrub(network, "Authorization: Bearer abc.def.ghi") == f"Authorization: {GONE}"
        assert scrub(network, "the secret of the pump is grease") == "the secret of the pump is grease"
