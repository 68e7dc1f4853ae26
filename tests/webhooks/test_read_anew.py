"""Events that are read a second time, for an earlier delivery of them is processed only now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from unittest.mock import patch

import pytest

from integrations.mobility_work import reader
from integrations.mobility_work.reading import Reading as Meaning
from portal.lib.ids import new_id
from portal.lib.scope import network_scope
from portal.stock.models import Entry
from portal.timeline.models import Subject
from portal.webhooks import pipeline
from portal.webhooks.rebuild import rebuild_projections
from tests.webhooks.test_drain import drain, store
from tests.webhooks.test_projections import MONDAY, Arrival, arrivals, movement
from tests.world import ConnectedNetwork, World, add_network

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


def names(place: ConnectedNetwork) -> list[tuple[str, ...]]:
    with network_scope(place.network.id):
        return list(Subject.objects.order_by("kind", "key").values_list("kind", "key", "label", "reference"))


def ends(world: World, told: Sequence[tuple[int, dict[str, Any]]]) -> list[list[tuple[str, ...]]]:
    """Return what things are called at the end, for some orders in which deliveries, told by minute, are processed."""
    found = []
    for order in list(permutations(told))[::5]:
        place = add_network(world.organization, f"Plant {new_id()}")
        for minute, body in order:
            store(place, arrival(place, minute, body))
            drain(place)
        found.append(names(place))
    return found


def test_what_a_part_is_called_does_not_depend_on_the_order_of_processing(world: World) -> None:
    """An event that names no time occurred when it was first received, which may turn out to be earlier."""
    timeless = movement(5, {"id": "1", "externalReference": "X", "name": "Nut"}, 39)
    del timeless["emittedAt"]
    other, silent = movement(20, {**BOLT, "externalReference": "Y"}, 38), movement(25, {"id": "1", "name": "?"}, 37)
    found = ends(world, [(30, timeless), (20, other), (10, timeless), (25, silent)])
    assert ("part", "id:1", "Bolt", "Y") in found[0]
    assert all(each == found[0] for each in found)


def test_a_task_keeps_its_latest_description_in_any_order_of_processing(world: World) -> None:
    def on_task(minute: int, left: int, **described: str) -> dict[str, Any]:
        return {**movement(minute, BOLT, left), "task": {"id": "7", **described}}

    timeless = on_task(5, 39, description="Oil the press")
    del timeless["emittedAt"]
    told = [(30, timeless), (20, on_task(20, 38, description="Grease it")), (10, timeless), (25, on_task(25, 37))]
    found = ends(world, told)
    assert ("task", "id:7", "Grease it", "7") in found[0]
    assert all(each == found[0] for each in found)


def test_a_thing_that_an_event_no_longer_names_when_it_is_read_anew_is_not_listed(world: World) -> None:
    place, body = world.foundry, movement(5, BOLT, 39)

    def older(raw: bytes, received_at: datetime) -> Meaning:
        return reader.read(raw.replace(b'"id": "1"', b'"id": "666"'), received_at)

    with patch.object(pipeline, "read", older):
        store(place, arrival(place, 30, body))
        drain(place)
    store(place, arrival(place, 10, body))
    drain(place)
    assert [key for kind, key, *_ in names(place) if kind == "part"] == ["id:1"]
