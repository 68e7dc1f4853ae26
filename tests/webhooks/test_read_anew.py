"""Events that are read a second time, for an earlier delivery of them is processed only now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from integrations.mobility_work import reader
from integrations.mobility_work.reading import Reading as Meaning
from portal.lib.scope import network_scope
from portal.stock.models import Entry
from portal.webhooks import pipeline
from portal.webhooks.rebuild import rebuild_projections
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import MONDAY, Arrival, arrivals, movement
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

BOLT = {"id": "1", "externalReference": "R1", "name": "Bolt"}


def arrival(place: ConnectedNetwork, minute: int, body: dict[str, Any]) -> Arrival:
    [made] = arrivals(place, [(MONDAY + timedelta(minutes=minute), body)])
    return made


def test_a_ledger_holds_what_todays_reader_says_of_an_event_that_an_older_one_read(world: World) -> None:
    place, body = world.foundry, movement(5, BOLT, 39)

    def older(raw: bytes, received_at: datetime) -> Meaning:
        return reader.read(raw.replace(b'"quantity": 1', b'"quantity": 3'), received_at)

    with patch.object(pipeline, "read", older):
        store(place, arrival(place, 30, body), arrival(place, 31, movement(31, BOLT, 36)))
        drain(place)
    store(place, arrival(place, 10, body))
    drain(place)
    with network_scope(place.network.id):
        # Only of the first is there an earlier delivery.
        assert [int(each.quantity or 0) for each in Entry.objects.order_by("order_key")] == [1, 3]
    assert rebuild_projections(place.network.id, check=True).is_same
