"""The page of what may not take effect: all of it can be reached, however much there is."""

from __future__ import annotations

from html import unescape
from re import findall

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.exports import network_rows
from portal.lib.scope import network_scope
from portal.webhooks import views
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.models import Processing
from tests.exports.test_exports import ask, content_of, rows_of, write_all
from tests.webhooks.serving import serving
from tests.webhooks.test_receiver import body_for, pin
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_size_of_a_body_is_that_of_the_body_alone(world: World) -> None:
    pin(world.foundry)
    with serving() as http:
        refused = http.post(world.foundry.path, content=b"refused", headers={"Content-Type": "text/plain"})
        assert refused.status_code == 401
    client = Client()
    client.force_login(world.alice)
    page = client.get(reverse("quarantine", args=["foundry"])).content.decode()
    assert "Headers, and a body of 7 bytes" in page
    [address] = set(findall(r'href="(/networks/foundry/[^"]*support/)"', page))
    bundle = client.get(address).content.decode()
    assert "7 bytes, SHA-256" in bundle and "the first" not in bundle


def test_every_refused_and_every_failed_delivery_has_a_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SHOWN", 2)
    place = world.foundry
    failed = [PastRequest(timezone.now(), body_for(place, mark=f"failed-{number}"), {}) for number in range(5)]
    with network_scope(place.network.id):
        store_past(place.network.id, failed)
        Processing.objects.update(state=Processing.State.FAILED, error="ValueError: no")
    pin(place)
    with serving() as http:
        for number in range(3):
            assert http.post(place.path, content=b"refused-%d" % number).status_code == 401
    client = Client()
    client.force_login(world.audrey)
    address = reverse("quarantine", args=[place.network.slug])
    seen: set[str] = set()
    waiting, asked = {address}, set()
    while waiting:
        asked.add(query := waiting.pop())
        page = client.get(query).content.decode()
        seen |= set(findall(r"(?:failed|refused)-\d", page))
        waiting |= {address + unescape(link) for link in findall(r'rel="next" href="([^"]+)"', page)} - asked
    assert seen == {f"failed-{number}" for number in range(5)} | {f"refused-{number}" for number in range(3)}
    assert client.get(address, {"refused": "no id"}).status_code == 200

    monkeypatch.setattr(network_rows, "BODIES_AT_ONCE", 2)
    assert 'value="network=foundry"' in client.get(address).content.decode()
    order = ask(client, listing="quarantine")["Location"]
    write_all()
    rows = rows_of(content_of(client, order))
    assert {mark for row in rows for mark in findall(r"(?:failed|refused)-\d", row["Body"])} == seen
    assert [row["State"] for row in rows] == ["Failed"] * 5 + ["Refused"] * 3
