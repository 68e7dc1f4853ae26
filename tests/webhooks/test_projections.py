"""Stock and tasks out of real events: one end state whatever the order of processing, and a rebuild that agrees."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integrations.mobility_work import reader
from integrations.mobility_work.reading import Reading as Meaning
from integrations.sandbox.plant import Plant
from integrations.sandbox.stockroom import StockScope
from portal.lib.ids import new_id
from portal.lib.scope import network_scope
from portal.networks.inbox import add_secret
from portal.stock.models import Entry, Gap, Level, NetworkScope, Part, Write
from portal.stock.record import AcceptedStock, record_writes
from portal.stock.state import FORMAT
from portal.tasks.models import Task
from portal.timeline.models import Subject
from portal.trail.record import COMMAND_LINE
from portal.webhooks import projections, rebuild
from portal.webhooks.models import Processing
from portal.webhooks.pipeline import process_waiting
from portal.webhooks.rebuild import read_again, rebuild_projections
from portal.webhooks.recheck import recheck
from tests.webhooks.test_drain import drain, store
from tests.world import ConnectedNetwork, World, add_network

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
STOCK = ("entry", "part", "level", "gap", "networkscope", "partreference")
TABLES = (*(f"stock_{name}" for name in STOCK), "tasks_task")
Arrival = tuple[datetime, bytes, dict[str, str]]


def life(seed: str, steps: int, *, scope: StockScope = "location") -> list[tuple[datetime, dict[str, Any]]]:
    """Return what happened at an invented plant, in order."""
    plant = Plant(seed=seed, language="en", network_id="00000000-0000-4000-8000-000000000000", stock_scope=scope)
    told = []
    for number in range(steps):
        at = MONDAY + timedelta(minutes=number)
        for body in plant.step(at, hurried=True):
            del body["networkId"]
            told.append((at, body))
    return told


def arrivals(place: ConnectedNetwork, told: list[tuple[datetime, dict[str, Any]]]) -> list[Arrival]:
    """Return the events as signed deliveries, each received some seconds after it happened."""
    made = []
    for at, body in told:
        raw = json.dumps(body).encode()
        received = at + timedelta(seconds=5)
        made.append((received, raw, {"X-MW-Signature": place.header(raw, t=int(received.timestamp()))}))
    return made


def end_state(place: ConnectedNetwork) -> str:
    """Return everything that is projected, with events named by identity: positions follow the order of processing."""
    with network_scope(place.network.id), connection.cursor() as cursor:
        cursor.execute("SELECT position, encode(identity, 'hex') FROM timeline_event")
        names = {position: identity[:16] for position, identity in cursor.fetchall()}
        parts = []
        for table in TABLES:
            cursor.execute(f"SELECT row_to_json(t) FROM {table} t")
            rows = [row if isinstance(row, dict) else json.loads(row) for (row,) in cursor.fetchall()]
            parts.append([table, sorted(json.dumps(_named(row, names), sort_keys=True) for row in rows)])
    return json.dumps(parts, indent=1)


def _named(value: Any, names: dict[int, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names[inner]
            if inner is not None and (key == "closed_by" or key.endswith("position"))
            else _named(inner, names)
            for key, inner in value.items()
            if key != "network_id"
        }
    return [_named(inner, names) for inner in value] if isinstance(value, list) else value


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed cannot be made simpler
)
@given(st.integers(0, 10**6), st.sampled_from(["location", "part"]))
def test_any_order_duplication_and_split_gives_the_same_end_state(world: World, seed: int, scope: StockScope) -> None:
    dice = random.Random(seed)
    told = [item for item in life(f"plant {seed}", 70, scope=scope) if dice.random() > 0.05]
    straight, shuffled = (add_network(world.organization, f"Plant {seed} {new_id()}") for _ in range(2))
    store(straight, *arrivals(straight, told))
    drain(straight)
    again = arrivals(shuffled, told)
    again += dice.sample(again, len(again) // 4)
    dice.shuffle(again)
    while again:
        cut = dice.randint(1, len(again))
        store(shuffled, *again[:cut])
        drain(shuffled, limit=dice.randint(1, 40))
        again = again[cut:]
    assert end_state(shuffled) == end_state(straight)
    for place in (straight, shuffled):
        assert rebuild_projections(place.network.id, check=True).is_same


@pytest.mark.parametrize("scope", ["location", "part"])
def test_levels_are_those_of_the_plant_and_nothing_is_missing(world: World, scope: StockScope) -> None:
    place = world.foundry
    plant = Plant(seed="levels", language="en", network_id="x", stock_scope=scope)
    told = []
    for number in range(300):
        for body in plant.step(MONDAY + timedelta(minutes=number), hurried=True):
            del body["networkId"]
            told.append((MONDAY + timedelta(minutes=number), body))
    store(place, *arrivals(place, told))
    drain(place)
    with network_scope(place.network.id):
        assert NetworkScope.objects.get().scope == scope
        assert not Gap.objects.exists()
        sure = list(Part.objects.filter(confidence="exact"))
        assert len(sure) > 10
        for part in sure:
            true = plant.parts[part.part.removeprefix("id:")]
            if scope == "part":
                assert part.level == true.total
        for level in Level.objects.filter(confidence="exact") if scope == "location" else ():
            true = plant.parts[level.part.removeprefix("id:")]
            assert level.level == true.stock[level.location.removeprefix("id:")]
        assert Task.objects.filter(state="completed").exists()


def test_unverified_events_take_effect_once_they_are_verified(world: World) -> None:
    place, secret = world.foundry, "a secret that the portal is told later"
    told = [
        (received, raw, {"X-MW-Signature": place.header(raw, t=int(received.timestamp()), secret=secret)})
        for received, raw, _ in arrivals(place, life("unverified", 30))
    ]
    store(place, *told)
    drain(place)
    with network_scope(place.network.id):
        assert not Entry.objects.exists()
        assert not Task.objects.exists()
        add_secret(place.network, actor=COMMAND_LINE, text=secret)
    recheck(place.network.id)
    with network_scope(place.network.id):
        assert Entry.objects.exists()
        assert Task.objects.exists()
    assert rebuild_projections(place.network.id, check=True).is_same


def test_an_accepted_write_is_evidence_and_a_rebuild_knows_it(world: World) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("writes", 60)))
    drain(place)
    job = new_id()
    with network_scope(place.network.id):
        part = Part.objects.filter(confidence="exact").first()
        assert part is not None
        record_writes(
            place.network.id,
            [
                AcceptedStock(
                    part=part.part, level=part.level + 5, accepted_at=MONDAY + timedelta(days=1), job_id=job, row=2
                )
            ],
        )
    process_waiting(place.network.id, limit=10)
    with network_scope(place.network.id):
        now = Part.objects.get(part=part.part)
        assert (now.level, now.confidence) == (part.level + 5, "observed")
        assert Entry.objects.get(part=part.part, kind="written").job_id == job
    assert rebuild_projections(place.network.id, check=True).is_same


def written(place: ConnectedNetwork, values: dict[str, int], *, minutes: int, job: UUID) -> None:
    """A job sets the stock of parts that no event has named yet, so that it knows them by their references alone."""
    at = MONDAY + timedelta(minutes=minutes)
    with network_scope(place.network.id):
        record_writes(
            place.network.id,
            [
                AcceptedStock(part=f"ref:{reference}", level=Decimal(level), accepted_at=at, job_id=job, row=row)
                for row, (reference, level) in enumerate(values.items(), 2)
            ],
        )


def references(told: list[tuple[datetime, dict[str, Any]]]) -> list[str]:
    """Return the references of the parts whose stock these events tell of."""
    parts = [body["sparePart"] for _at, body in told if "sparePart" in body]
    return sorted({part["externalReference"] for part in parts if part.get("externalReference")})


def renamed(told: list[tuple[datetime, dict[str, Any]]], reference: str, new: str, *, since: int) -> list[Any]:
    """Return the same events, in which a part goes by another reference from the minute `since` on."""
    return [
        (at, json.loads(json.dumps(body).replace(f'"{reference}"', f'"{new}"')))
        if at >= MONDAY + timedelta(minutes=since)
        else (at, body)
        for at, body in told
    ]


def test_what_was_set_by_reference_is_the_parts_once_an_event_tells_whose_reference_it_is(world: World) -> None:
    place, told = world.foundry, life("named", 60)
    reference = references(told)[0]
    written(place, {reference: 40, "NEVER-SEEN": 7}, minutes=-5, job=new_id())
    drain(place)
    with network_scope(place.network.id):
        assert {part.part: part.level for part in Part.objects.all()} == {f"ref:{reference}": 40, "ref:NEVER-SEEN": 7}
    store(place, *arrivals(place, told))
    drain(place)
    with network_scope(place.network.id):
        [key] = Subject.objects.filter(kind="part", reference=reference, key__startswith="id:").values_list("key")[0]
        assert not Part.objects.filter(part=f"ref:{reference}").exists()
        assert Entry.objects.get(part=key, kind="written").resulting == 40
        assert Part.objects.get(part="ref:NEVER-SEEN").level == 7
    assert rebuild_projections(place.network.id, check=True).is_same


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.integers(0, 10**6))
def test_values_set_by_reference_and_parts_renamed_end_the_same_in_any_order(world: World, seed: int) -> None:
    dice = random.Random(seed)
    told = life(f"names {seed}", 50)
    known = references(told)
    for reference in dice.sample(known, 3):
        told = renamed(told, reference, dice.choice([f"{reference}-NEW", *known]), since=dice.randint(0, 50))
    values = [
        ({reference: dice.randint(0, 99) for reference in dice.sample(known, 5)}, dice.randint(-5, 55), new_id())
        for _ in range(3)
    ]
    straight, shuffled = (add_network(world.organization, f"Plant {seed} {new_id()}") for _ in range(2))
    for some, minutes, job in values:
        written(straight, some, minutes=minutes, job=job)
    store(straight, *arrivals(straight, told))
    drain(straight)
    again = arrivals(shuffled, told)
    dice.shuffle(again)
    waiting = list(values)
    while again or waiting:
        if waiting and dice.random() < 0.5:
            some, minutes, job = waiting.pop()
            written(shuffled, some, minutes=minutes, job=job)
        cut = dice.randint(1, len(again)) if again else 0
        store(shuffled, *again[:cut])
        drain(shuffled, limit=dice.randint(1, 40))
        again = again[cut:]
    assert end_state(shuffled) == end_state(straight)
    for place in (straight, shuffled):
        assert rebuild_projections(place.network.id, check=True).is_same


def movement(minute: int, part: dict[str, str], left: int) -> dict[str, Any]:
    """Return a consumption that leaves so many of a part."""
    at = (MONDAY + timedelta(minutes=minute)).isoformat()
    return {
        "_event": "SparePartWasConsumed",
        "_idempotencyKey": f"minute-{minute}",
        "emittedAt": at,
        "sparePart": part,
        "location": {"id": "5", "name": "Store"},
        "initiator": {"userId": "1", "firstName": "A", "lastName": "B"},
        "consumed": {"quantity": 1, "previousStock": left + 1},
    }


def levels(place: ConnectedNetwork) -> dict[str, Decimal | None]:
    with network_scope(place.network.id):
        return dict(Part.objects.values_list("part", "level"))


def test_an_event_that_gives_no_reference_takes_none_away(world: World) -> None:
    place, bolt = world.foundry, {"id": "1", "externalReference": "R1", "name": "Bolt"}
    written(place, {"R1": 40}, minutes=0, job=new_id())
    store(place, *arrivals(place, [(MONDAY + timedelta(minutes=5), movement(5, bolt, 39))]))
    drain(place)
    del bolt["externalReference"]
    store(place, *arrivals(place, [(MONDAY + timedelta(minutes=6), movement(6, bolt, 38))]))
    drain(place)
    assert levels(place) == {"id:1": 38}
    with network_scope(place.network.id):
        assert Subject.objects.get(kind="part", key="id:1").reference == "R1"
    assert rebuild_projections(place.network.id, check=True).is_same


def test_an_unverified_event_tells_of_nobodys_reference(world: World) -> None:
    place, other = world.foundry, {"id": "666", "externalReference": "R1", "name": "Bolt"}
    written(place, {"R1": 40}, minutes=0, job=new_id())
    [(received, raw, _headers)] = arrivals(place, [(MONDAY, movement(5, other, 39))])
    store(place, (received, raw, {}))
    drain(place)
    assert levels(place) == {"ref:R1": 40}
    assert rebuild_projections(place.network.id, check=True).is_same


@pytest.mark.parametrize("meanwhile", ["the drain", "a rebuild"])
def test_what_is_written_while_ledgers_are_folded_is_folded_afterwards(world: World, meanwhile: str) -> None:
    place = world.foundry
    written(place, {"R1": 40}, minutes=0, job=new_id())
    where, what = (projections.stock, "apply") if meanwhile == "the drain" else (rebuild, "_make_shadow")
    real = getattr(where, what)

    def and_another_write(*given: Any, **named: Any) -> None:
        real(*given, **named)
        written(place, {"R1": 55}, minutes=1, job=new_id())

    with patch.object(where, what, and_another_write):
        if meanwhile == "the drain":
            process_waiting(place.network.id, limit=10)
        else:
            rebuild_projections(place.network.id)
    drain(place)
    process_waiting(place.network.id, limit=10)
    assert levels(place) == {"ref:R1": 55}
    with network_scope(place.network.id):
        assert not Write.objects.filter(folded=False).exists()
    assert rebuild_projections(place.network.id, check=True).is_same


def test_a_write_that_cannot_be_folded_holds_nothing_up_and_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("writes", 60)))
    drain(place)
    with network_scope(place.network.id):
        broken, sound = Part.objects.filter(confidence="exact").order_by("part")[:2]
        Part.objects.filter(part=broken.part).update(state={"format": FORMAT})  # and nothing else
        record_writes(
            place.network.id,
            [
                AcceptedStock(
                    part=part, level=Decimal(77), accepted_at=MONDAY + timedelta(days=1), job_id=new_id(), row=2
                )
                for part in (broken.part, sound.part)
            ],
        )
    store(place, (MONDAY, b'{"_event": "Ping"}', {}))
    drain(place)
    with network_scope(place.network.id):
        assert not Processing.objects.exclude(state="done").exists()
        assert dict(Write.objects.values_list("part", "folded")) == {broken.part: False, sound.part: True}
        assert Part.objects.get(part=sound.part).level == 77
    [line] = [record for record in caplog.records if record.exc_info]
    assert (line.levelname, "cannot be folded" in line.message, broken.part in line.message) == ("ERROR", True, True)

    rebuild_projections(place.network.id)
    drain(place)
    with network_scope(place.network.id):
        assert Part.objects.get(part=broken.part).level == 77
        assert not Write.objects.filter(folded=False).exists()


def test_states_of_another_release_are_not_read(world: World) -> None:
    """Parts are folded from the beginning instead: no delivery may fail for what an upgrade left."""
    place = world.foundry
    told = life("releases", 60)
    store(place, *arrivals(place, told[:-20]))
    drain(place)
    with network_scope(place.network.id):
        Part.objects.update(state={"written": "otherwise"})
        Entry.objects.filter(checkpoint__isnull=False).update(checkpoint={})
    store(place, *arrivals(place, told[-20:]))
    drain(place)
    with network_scope(place.network.id):
        assert not Processing.objects.exclude(state="done").exists()
    call_command("rebuild_projections", network="foundry")
    assert rebuild_projections(place.network.id, check=True).is_same


def test_a_rebuild_finds_and_mends_what_is_wrong(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("wrong", 40)))
    drain(place)
    before = end_state(place)
    with network_scope(place.network.id):
        Part.objects.update(level=77)
        Task.objects.all().delete()
    with pytest.raises(CommandError, match="differ"):
        call_command("rebuild_projections", network="foundry", check=True)
    assert end_state(place) != before
    call_command("rebuild_projections", network="foundry")
    assert end_state(place) == before
    assert "replaced" in capsys.readouterr().out


def test_a_better_reader_is_applied_to_all_of_history(world: World) -> None:
    place = world.foundry
    store(place, *arrivals(place, life("reader", 40)))
    drain(place)
    before = end_state(place)

    def other(raw: bytes, received_at: datetime) -> Meaning:
        """Read as a reader would that does not know of consumptions."""
        return reader.read(raw.replace(b"SparePartWasConsumed", b"SparePartWasLooked"), received_at)

    with patch.object(rebuild, "read", other):
        read_again(place.network.id)
    rebuild_projections(place.network.id)
    with network_scope(place.network.id):
        assert not Entry.objects.filter(kind="consumed").exists()
        assert Entry.objects.exists()
    call_command("rebuild_projections", network="foundry", from_raw=True)
    assert end_state(place) == before
