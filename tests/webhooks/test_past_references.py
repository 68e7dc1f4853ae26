"""What a release learns from events that were recorded before it: by which references they name things."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection

from portal.lib.ids import new_id
from portal.lib.scope import network_scope
from portal.stock.models import Entry, Part, PartReference
from portal.timeline.models import EventSubject, Subject
from portal.webhooks import background, past_references
from portal.webhooks.models import ReferencesToRead
from portal.webhooks.pipeline import process_waiting
from portal.webhooks.rebuild import rebuild_projections
from tests.webhooks.test_drain import store
from tests.webhooks.test_projections import MONDAY, arrivals, drain, end_state, levels, life, movement, written
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db

MIGRATION = importlib.import_module("portal.webhooks.migrations.0009_past_references")


def upgrade(place: ConnectedNetwork) -> None:
    """Leave a network as the migrations leave that of the release before."""
    with network_scope(place.network.id), connection.cursor() as cursor:
        EventSubject.objects.update(reference="")
        PartReference.objects.all().delete()
        cursor.execute(MIGRATION.LIST)


def sweep_and_work() -> None:
    """Sweep, and do what it asks for at once."""
    with patch.object(background.drain, "apply_async", lambda args, **_: background.drain(*args)):
        background.sweep()


def test_references_of_past_events_are_learned_though_nothing_more_arrives(world: World) -> None:
    place, told = world.foundry, life("upgrade", 60)
    store(place, *arrivals(place, told))
    drain(place)
    before = end_state(place)
    with network_scope(place.network.id):
        references = list(EventSubject.objects.order_by("pk").values_list("reference", flat=True))
    upgrade(place)
    for _ in range(2):  # what there is, and then to see that nothing is left
        sweep_and_work()
    assert end_state(place) == before
    with network_scope(place.network.id):
        assert list(EventSubject.objects.order_by("pk").values_list("reference", flat=True)) == references
        assert not ReferencesToRead.objects.exists()
    assert rebuild_projections(place.network.id, check=True).is_same


def test_a_value_set_by_reference_is_the_parts_that_goes_by_it_now(world: World) -> None:
    """However few events are read at once: a part that went by it long ago is never given the value."""
    place, bolt, nut = world.foundry, {"id": "1", "name": "Bolt"}, {"id": "2", "name": "Nut"}
    told: list[tuple[Any, dict[str, Any]]] = [
        (MONDAY + timedelta(minutes=minute), movement(minute, {**part, "externalReference": reference}, left))
        for minute, part, reference, left in [(1, bolt, "R1", 9), (2, bolt, "R1-OLD", 8), (3, nut, "R1", 5)]
    ]
    store(place, *arrivals(place, told))
    drain(place)
    with network_scope(place.network.id):
        Subject.objects.update(reference="", label="?")  # as an event without a reference once left it
    upgrade(place)
    written(place, {"R1": 77}, minutes=60, job=new_id())
    with patch.object(past_references, "EVENTS_AT_ONCE", 1):
        for _ in range(len(told)):
            process_waiting(place.network.id, limit=10)
            with network_scope(place.network.id):
                assert list(Entry.objects.filter(kind="written").values_list("part", flat=True)) == ["id:2"]
        process_waiting(place.network.id, limit=10)
    assert levels(place) == {"id:1": 8, "id:2": 77}
    with network_scope(place.network.id):
        assert set(Subject.objects.filter(kind="part").values_list("key", "label", "reference")) == {
            ("id:1", "Bolt", "R1-OLD"),
            ("id:2", "Nut", "R1"),
        }
        assert not ReferencesToRead.objects.exists()
    assert rebuild_projections(place.network.id, check=True).is_same


def test_large_events_are_read_few_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("large", 10)))
    drain(place)
    upgrade(place)
    monkeypatch.setattr(past_references, "MAX_BYTES", 1)
    with network_scope(place.network.id):
        left = ReferencesToRead.objects.get().before
    process_waiting(place.network.id, limit=10)
    with network_scope(place.network.id):
        assert ReferencesToRead.objects.get().before == left - 1


def test_past_events_that_cannot_be_folded_hold_nothing_up(world: World, caplog: pytest.LogCaptureFixture) -> None:
    place, bolt = world.foundry, {"id": "1", "externalReference": "R1", "name": "Bolt"}
    store(place, *arrivals(place, [(MONDAY + timedelta(minutes=1), movement(1, bolt, 9))]))
    drain(place)
    upgrade(place)
    with patch.object(past_references, "project", side_effect=LookupError):
        store(place, *arrivals(place, [(MONDAY + timedelta(minutes=2), movement(2, bolt, 8))]))
        drain(place)
    assert levels(place) == {"id:1": 8}
    assert "cannot be read" in caplog.text
    for _ in range(2):
        process_waiting(place.network.id, limit=10)
    with network_scope(place.network.id):
        assert not ReferencesToRead.objects.exists()
        assert Part.objects.count() == 1
