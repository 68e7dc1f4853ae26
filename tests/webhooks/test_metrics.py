"""What monitoring sees: figures without names of tenants, for those who know the token."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.lib.ids import new_id
from portal.lib.scope import network_scope
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.models import Processing
from portal.webhooks.pipeline import process_waiting
from tests.webhooks.serving import serving
from tests.world import World

TOKEN = "a-token-for-monitoring"


def figures(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.django_db
def test_the_installations_figures(world: World, settings: Any) -> None:
    settings.PORTAL_METRICS_TOKEN = TOKEN
    place = world.foundry.network
    with network_scope(place.id):
        store_past(place.id, [PastRequest(timezone.now(), b'{"number": %d}' % number, {}) for number in range(3)])
        store_past(place.id, [PastRequest(timezone.now(), b'{"networkId": "another"}', {})])
    process_waiting(place.id, limit=2)

    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    found = figures(answer.content.decode())
    assert found["portal_networks"] == 3
    assert found["portal_events"] == 2
    assert found["portal_deliveries_waiting"] == 2
    assert 0 < found["portal_delivery_oldest_waiting_seconds"] < 60
    assert 0 < found["portal_delivery_last_seconds"] < 60
    assert found["portal_deliveries_troubled"] == 0
    assert world.foundry.network.slug not in answer.content.decode()

    process_waiting(place.id, limit=10)
    found = figures(Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode())
    assert (found["portal_deliveries_waiting"], found["portal_deliveries_troubled"]) == (0, 1)
    assert found["portal_delivery_oldest_waiting_seconds"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", TOKEN, "Bearer ünknown"])
@pytest.mark.parametrize("token", ["", TOKEN])
def test_nobody_else_reads_them(settings: Any, header: str, token: str) -> None:
    settings.PORTAL_METRICS_TOKEN = token
    assert Client().get("/metrics", headers={"Authorization": header}).status_code == 404


@pytest.mark.django_db
def test_no_figure_is_found_by_walking_the_log(world: World) -> None:
    """Each look-up has an index: the cost grows with the networks alone."""
    place = world.foundry.network
    with network_scope(place.id), connection.cursor() as cursor:
        # Some history, so that the planner has something to avoid: on an empty table every index costs the same.
        Processing.objects.bulk_create(
            Processing(network_id=place.id, delivery_id=new_id(), state="done", verdict="verified") for _ in range(3000)
        )
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'portal_metrics'")
        [body] = cursor.fetchone()
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {body}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for table in ("timeline_event", "webhooks_processing", "webhooks_delivery"):
        assert f"Seq Scan on {table}" not in plan
    assert "processing_waiting" in plan
    assert "processing_troubled" in plan


@pytest.mark.django_db(transaction=True)
def test_the_receivers_own_figures(world: World) -> None:
    place = world.foundry
    with serving(metrics_token=TOKEN) as client:
        assert client.post(place.path, content=b"{}", headers={"X-MW-Signature": place.header(b"{}")}).is_success
        assert client.post("/hooks/an-address-that-nobody-knows/", content=b"{}").status_code == 404
        assert client.get("/metrics").status_code == 404
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found = figures(answer.text)
    assert found['portal_receiver_answers_total{status="200"}'] == 1
    assert found['portal_receiver_answers_total{status="404"}'] == 1
    assert found["portal_receiver_seconds_count"] == 2
    with serving() as client:
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
