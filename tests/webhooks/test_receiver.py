"""From the vendor's POST to an event with a reading, over real HTTP and a real database."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from integrations.mobility_work.signature import CANDIDATES
from portal.lib.scope import network_scope
from portal.networks.inbox import add_secret, release_recipe, rotate_address
from portal.networks.models import Inbox, SigningSecret
from portal.timeline.models import ContractDifference, Event, EventSubject, Reading
from portal.trail.record import COMMAND_LINE
from portal.webhooks.group_commit import QuarantineLimits
from portal.webhooks.models import Delivery, Processing, QuarantinedDelivery, QuarantineUsage
from portal.webhooks.pipeline import process_waiting
from portal.webhooks.recheck import recheck
from tests.webhooks.serving import serving
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db(transaction=True)

FIXTURES = Path(__file__).parent.parent / "fixtures" / "events"


def body_for(place: ConnectedNetwork, name: str = "SparePartWasConsumed.onTask", **changes: object) -> bytes:
    data = json.loads((FIXTURES / f"{name}.json").read_bytes())
    data |= {"networkId": str(place.network.vendor_network_id)} | changes
    return json.dumps(data).encode()


def drain(place: ConnectedNetwork) -> int | None:
    return process_waiting(place.network.id, limit=500)


def test_all_eleven_types_arrive_signed_and_are_read(world: World) -> None:
    place = world.foundry
    with serving() as client:
        for path in sorted(FIXTURES.glob("*.json")):
            body = body_for(place, path.stem)
            answer = client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
            assert answer.status_code == 200, path
    assert drain(place) == 15
    with network_scope(place.network.id):
        readings = list(Reading.objects.order_by("position"))
        assert len({reading.type for reading in readings}) == 11
        assert all(reading.verified and reading.known for reading in readings)
        assert [reading.position for reading in readings] == list(range(1, 16))
        assert Event.objects.count() == Delivery.objects.count() == 15
        assert set(Processing.objects.values_list("state", flat=True)) == {"done"}
        assert EventSubject.objects.filter(kind="part", key="id:88197").count() > 3
        assert Inbox.objects.get().recipe["name"] == CANDIDATES[0].name
        assert ContractDifference.objects.filter(code="alias_spelling").count() == 1


def test_unknown_addresses_and_methods_leave_nothing(world: World) -> None:
    with serving() as client:
        assert client.post("/hooks/" + "x" * 43 + "/", content=b"{}").status_code == 404
        assert client.post("/hooks/short/", content=b"{}").status_code == 404
        assert client.get(world.foundry.path).status_code == 200
        refused = client.put(world.foundry.path, content=b"{}")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
        assert client.get("/readyz").text == "ready\n"
    with network_scope(world.foundry.network.id):
        assert Delivery.objects.count() == 0


def test_a_body_over_the_cap_is_refused_with_and_without_a_declared_length(world: World) -> None:
    with serving(max_body=1000) as client:
        assert client.post(world.foundry.path, content=b"x" * 1001).status_code == 413
        assert client.post(world.foundry.path, content=iter([b"x" * 600, b"x" * 600])).status_code == 413
        assert client.post(world.foundry.path, content=b"x" * 1000).status_code == 200


def test_a_body_that_never_ends_is_given_up(world: World) -> None:
    place = world.foundry
    with serving(body_seconds=0.3) as client:
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as slow:
            head = f"POST {place.path} HTTP/1.1\r\nHost: receiver\r\nContent-Length: 100\r\n\r\n"
            slow.sendall(head.encode() + b'{"begun":')
            answer = slow.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408 ")
        body = body_for(place)
        assert client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)}).status_code == 200
    with network_scope(place.network.id):
        assert Delivery.objects.count() == 1


def test_it_answers_503_when_nothing_can_be_stored(world: World) -> None:
    with serving(dsn="postgresql://nobody@127.0.0.1:9/none") as client:
        assert client.post(world.foundry.path, content=b"{}").status_code == 503
        assert client.get("/readyz").status_code == 503


def test_before_a_pin_everything_is_accepted_and_verified_later(world: World) -> None:
    place = world.foundry
    unsigned, early, good = (body_for(place, n=n) for n in (1, 2, 3))
    later_secret = "a secret that was typed in later"
    with serving() as client:
        assert client.post(place.path, content=unsigned).status_code == 200
        header = place.header(early, secret=later_secret)
        assert client.post(place.path, content=early, headers={"X-MW-Signature": header}).status_code == 200
    drain(place)
    with network_scope(place.network.id):
        assert list(Reading.objects.order_by("position").values_list("verified", flat=True)) == [False, False]
        add_secret(place.network, actor=COMMAND_LINE, text=later_secret)
    assert recheck(place.network.id) == 1
    with network_scope(place.network.id):
        assert list(Reading.objects.order_by("position").values_list("verified", flat=True)) == [False, True]
        assert "unverified" not in Reading.objects.get(position=2).flags
        assert Inbox.objects.get().recheck_wanted_at is None or Inbox.objects.get().recipe
    with serving() as client:
        assert client.post(place.path, content=good).status_code == 401
        header = place.header(good)
        assert client.post(place.path, content=good, headers={"X-MW-Signature": header}).status_code == 200


def pin(place: ConnectedNetwork) -> None:
    body = body_for(place, first=True)
    with serving() as client:
        client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
    drain(place)


def test_after_the_pin_a_refused_delivery_waits_in_quarantine_until_its_secret_is_known(world: World) -> None:
    place = world.foundry
    pin(place)
    body, secret = body_for(place, second=True), "the vendor already uses this one"
    with serving() as client:
        header = place.header(body, secret=secret)
        assert client.post(place.path, content=body, headers={"X-MW-Signature": header}).status_code == 401
    with network_scope(place.network.id):
        held = QuarantinedDelivery.objects.get()
        assert held.reason == "no_match"
        add_secret(place.network, actor=COMMAND_LINE, text=secret)
    assert recheck(place.network.id) == 1
    drain(place)
    with network_scope(place.network.id):
        assert QuarantinedDelivery.objects.count() == 0
        assert QuarantineUsage.objects.get().entries == 0
        reading = Reading.objects.get(position=2)
        assert reading.verified and reading.first_received_at == held.received_at


@pytest.mark.parametrize(
    "limits",
    [
        QuarantineLimits(entries=5, bytes=1_000_000, per_minute=100),
        QuarantineLimits(entries=100, bytes=6000, per_minute=100),
        QuarantineLimits(entries=100, bytes=1_000_000, per_minute=5),
    ],
)
def test_a_flood_cannot_fill_the_quarantine(world: World, limits: QuarantineLimits) -> None:
    place = world.foundry
    pin(place)
    with serving(limits=limits) as client:
        answers = [client.post(place.path, content=b"x" * 1000).status_code for _ in range(12)]
        good = body_for(place, third=True)
        assert client.post(place.path, content=good, headers={"X-MW-Signature": place.header(good)}).status_code == 200
    assert set(answers) == {401, 503}
    with network_scope(place.network.id):
        usage = QuarantineUsage.objects.get()
        assert usage.entries == QuarantinedDelivery.objects.count() == answers.count(401) <= 5
        assert usage.refused == answers.count(503)


def test_a_stale_signature_is_recorded_and_flagged(world: World) -> None:
    place = world.foundry
    body = body_for(place)
    with serving() as client:
        header = place.header(body, t=int(time.time()) - 4000)
        assert client.post(place.path, content=body, headers={"X-MW-Signature": header}).status_code == 200
    drain(place)
    with network_scope(place.network.id):
        reading = Reading.objects.get()
        assert reading.verified and "stale" in reading.flags


def test_a_repeat_joins_its_event_and_a_changed_body_does_not(world: World) -> None:
    place = world.foundry
    with serving() as client:
        for sent, quantity in (("2026-03-12T08:41:09Z", 2), ("2026-03-12T08:55:09Z", 2), ("2026-03-12T08:41:09Z", 1)):
            changes = {"_sentAt": sent, "consumed": {"quantity": quantity, "previousStock": 3}}
            body = body_for(place, **changes)
            client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
        drain(place)
    with network_scope(place.network.id):
        first, second = Reading.objects.order_by("position")
        assert (first.deliveries, second.deliveries) == (2, 1)
        assert "repeated" in first.flags
        assert "key_reused" in first.flags and "key_reused" in second.flags
        assert ContractDifference.objects.filter(code="key_reused").count() == 1


def test_one_nonce_used_too_often_is_a_security_notice(world: World) -> None:
    place = world.foundry
    body, other = body_for(place), body_for(place, other=True)
    header = place.header(body)
    with serving() as client:
        client.post(place.path, content=other, headers={"X-MW-Signature": place.header(other)})
        for _ in range(3):
            client.post(place.path, content=body, headers={"X-MW-Signature": header})
        drain(place)
        with network_scope(place.network.id):
            assert not Reading.objects.filter(flags__contains=["replayed"]).exists()
        client.post(place.path, content=body, headers={"X-MW-Signature": header})
        drain(place)
    with network_scope(place.network.id):
        assert ["replayed" in reading.flags for reading in Reading.objects.order_by("position")] == [False, True]


@pytest.mark.parametrize("body", [b"", b"not json", b'{"a":"\\u0000\\ud800"}', b"\xff\x00\xfe", b"[1]", b'{"a":NaN}'])
def test_what_cannot_be_read_is_kept_as_it_came_and_blocks_nothing(world: World, body: bytes) -> None:
    place = world.foundry
    good = body_for(place)
    with serving() as client:
        assert client.post(place.path, content=body, headers={"X-MW-Signature": b"\xff=1"}).status_code == 200
        assert client.post(place.path, content=good).status_code == 200
    drain(place)
    with network_scope(place.network.id):
        assert [bytes(event.raw) for event in Event.objects.order_by("position")] == [body, good]
        assert set(Processing.objects.values_list("state", flat=True)) == {"done"}


def test_an_event_of_another_network_is_held_back(world: World) -> None:
    place = world.foundry
    body = body_for(world.elsewhere)
    with serving() as client:
        client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
    drain(place)
    with network_scope(place.network.id):
        assert Event.objects.count() == 0
        assert Processing.objects.get().error == "other_network"


def test_a_rotated_address_and_secret_overlap(world: World) -> None:
    place = world.foundry
    with network_scope(place.network.id):
        token = rotate_address(place.network, actor=COMMAND_LINE)
        newer = add_secret(place.network, actor=COMMAND_LINE)
    with serving() as client:
        for path, secret in ((place.path, place.secret), (f"/hooks/{token}/", newer.text)):
            body = body_for(place, path=path)
            header = place.header(body, secret=secret)
            assert client.post(path, content=body, headers={"X-MW-Signature": header}).status_code == 200
    drain(place)
    with network_scope(place.network.id):
        assert list(Reading.objects.values_list("verified", flat=True)) == [True, True]
        release_recipe(place.network, actor=COMMAND_LINE)
        assert Inbox.objects.get().recipe is None


def test_two_workers_never_drain_one_network_together(world: World) -> None:
    place = world.foundry
    with serving() as client:
        client.post(place.path, content=body_for(place))
    import psycopg  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    with psycopg.connect(settings.DATABASE_RECEIVER_URL) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"drain {place.network.id}"])
        assert drain(place) is None
    assert drain(place) == 1


def test_it_is_known_which_secret_the_vendor_still_uses(world: World) -> None:
    """Whoever rotates a secret wants to see the new one in use before the old one ends."""
    place = world.foundry
    with network_scope(place.network.id):
        newer = add_secret(place.network, actor=COMMAND_LINE)
    with serving() as client:
        body = body_for(place)
        client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
        drain(place)
        with network_scope(place.network.id):
            used = dict(SigningSecret.objects.values_list("last_four", "last_used_at"))
            received_at = Delivery.objects.get().received_at
        assert used == {place.secret[-4:]: received_at, newer.text[-4:]: None}
        body = body_for(place, second=True)
        client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body, secret=newer.text)})
        drain(place)
    with network_scope(place.network.id):
        assert not SigningSecret.objects.filter(last_used_at=None).exists()


def test_a_sealing_key_that_is_lost_keeps_no_event_waiting(world: World, settings: Any) -> None:
    place = world.foundry
    body = body_for(place)
    with serving() as client:
        client.post(place.path, content=body, headers={"X-MW-Signature": place.header(body)})
    settings.PORTAL_SEALING_KEYS = [Fernet.generate_key().decode()]
    drain(place)
    with network_scope(place.network.id):
        assert Processing.objects.get().state == "done"
