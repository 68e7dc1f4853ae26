"""The drain under load and in any order: bounded batches, and one end state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.test import Client
from django.urls import reverse

from integrations.mobility_work.reader import read
from integrations.mobility_work.signature import CANDIDATES, sign
from portal.lib.scope import network_scope
from portal.timeline.models import Event, Reading
from portal.trail.models import Entry
from portal.webhooks import background, pipeline
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.models import Processing
from portal.webhooks.pipeline import process_waiting
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def body(**members: Any) -> bytes:
    return json.dumps({"_event": "Ping", **members}).encode()


def store(place: ConnectedNetwork, *arrivals: tuple[datetime, bytes, dict[str, str]]) -> None:
    with network_scope(place.network.id):
        store_past(place.network.id, [PastRequest(moment, raw, headers) for moment, raw, headers in arrivals])


def drain(place: ConnectedNetwork, limit: int = 500) -> None:
    while process_waiting(place.network.id, limit=limit):
        pass


def test_a_batch_is_bounded_in_bytes_and_the_drain_goes_on_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred bodies of the largest size would be a gigabyte, and an hour in one transaction."""
    place = world.foundry
    monkeypatch.setattr(pipeline, "MAX_BATCH_BYTES", 15_000)
    store(place, *((NOON, body(number=number, text="x" * size), {}) for number, size in enumerate([10_000] * 4)))
    assert process_waiting(place.network.id, limit=500) == 2
    store(place, (NOON, body(text="x" * 60_000), {}), (NOON, body(text="short"), {}))
    with patch.object(background.drain, "apply_async") as another_message:
        background.drain(str(place.network.id))
    another_message.assert_not_called()
    with network_scope(place.network.id):
        assert Event.objects.count() == 6


def test_running_out_of_time_is_nobodys_fault(world: World) -> None:
    """A worker that is stopped for its time limit leaves the batch waiting, and calls no delivery unreadable."""
    place = world.foundry
    store(place, (NOON, body(number=1), {}), (NOON, body(number=2), {}))
    with patch.object(pipeline, "read", side_effect=SoftTimeLimitExceeded), pytest.raises(SoftTimeLimitExceeded):
        drain(place)
    with network_scope(place.network.id):
        assert set(Processing.objects.values_list("state", flat=True)) == {"waiting"}


def end_state(place: ConnectedNetwork, arrivals: list[tuple[datetime, bytes, dict[str, str]]], limit: int) -> list[Any]:
    """Return what the timeline shows after these arrivals, drained after every `limit` of them; then undo it all."""
    with transaction.atomic():
        for start in range(0, len(arrivals), limit):
            store(place, *arrivals[start : start + limit])
            drain(place)
        with network_scope(place.network.id):
            fields = ("order_key", "occurred_at", "flags", "deliveries", "first_received_at", "last_received_at")
            found = [(bytes(key), *rest) for key, *rest in Reading.objects.order_by("order_key").values_list(*fields)]
        transaction.set_rollback(True)
    return found


def test_a_nonce_used_by_several_events_marks_them_all_whenever_they_come(world: World) -> None:
    place, recipe = world.foundry, CANDIDATES[0]
    bodies = [body(number=number) for number in range(5)]
    arrivals = [
        (NOON, raw, {"X-MW-Signature": sign(recipe, place.secret, t=int(NOON.timestamp()), nonce="same", body=raw)})
        for raw in bodies
    ]
    together, one_by_one = end_state(place, arrivals, 100), end_state(place, arrivals, 1)
    assert all("replayed" in flags for _, _, flags, *_ in together)
    assert one_by_one == together


@pytest.mark.parametrize("limit", [1, 2])
def test_an_event_without_a_time_of_its_own_occurred_when_it_first_arrived(world: World, limit: int) -> None:
    """Its first delivery may be processed last, out of the quarantine or by a slower receiver."""
    raw = body(number=1, sparePart={"id": "9", "name": "Seal"})
    first, second = (NOON, raw, {}), (NOON + timedelta(hours=3), raw, {})
    assert end_state(world.foundry, [second, first], limit) == end_state(world.foundry, [first, second], limit)
    [(_, occurred_at, *_)] = end_state(world.foundry, [second, first], limit)
    assert occurred_at == NOON


def test_a_delivery_that_cannot_be_processed_is_kept_blocks_nothing_and_is_run_again(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = world.foundry
    store(place, *((NOON, body(number=number), {}) for number in range(3)))

    def stumbles(raw: bytes, received_at: datetime) -> Any:
        if b'"number": 1' in raw:
            raise LookupError("a shape that nobody knew\0")
        return read(raw, received_at)

    monkeypatch.setattr(pipeline, "read", stumbles)
    drain(place)
    with network_scope(place.network.id):
        assert Event.objects.count() == 2
        failed = Processing.objects.get(state="failed")
    again = reverse("delivery_again", args=[place.network.slug, failed.delivery_id])
    client.force_login(world.audrey)
    page = client.get(reverse("quarantine", args=[place.network.slug])).content.decode()
    assert "LookupError: a shape that nobody knew" in page
    assert again not in page
    assert client.post(again).status_code == 403
    client.force_login(world.bob)
    assert again in client.get(reverse("quarantine", args=[place.network.slug])).content.decode()
    monkeypatch.setattr(pipeline, "read", read)
    for _ in range(2):  # pressed twice
        assert client.post(again).status_code == 302
    drain(place)
    with network_scope(place.network.id):
        assert list(Event.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3]
        assert set(Processing.objects.values_list("state", flat=True)) == {"done"}
        assert Entry.objects.filter(action="delivery_run_again", actor="bob@example.com").count() == 1
