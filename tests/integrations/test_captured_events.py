"""Every captured example means exactly this: sentence, moment, subjects, facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.facts import ActivityAdded, Fact, LevelObserved, QuantityMoved, TaskChanged, ThresholdCrossed
from integrations.mobility_work.reader import read

FIXTURES = Path(__file__).parent.parent / "fixtures" / "events"
RECEIVED = datetime(2026, 3, 20, 12, tzinfo=UTC)
FILTER, BELT, BEARING = "part id:88197", "part id:88203", "part id:88214"
FILTER_BY_REFERENCE = "part ref:FILT-GA37-OIL"
OIL_CHANGE, HOSE_CHECK = "task id:7c41d9ae", "task id:91b02f4d"
COMPRESSOR, PRESS = "equipment id:2511", "equipment id:2507"
FLUIDS, CABINET, CENTRAL = "location id:5302", "location id:5303", "location id:5301"
MEHDI, SOPHIE, CAMILLE = "person id:4117", "person id:4090", "person id:4102"


def moved(
    kind: str, part: str, location: str, numbers: tuple[int, ...], task: str | None = None, who: str | None = None
) -> QuantityMoved:
    """Return a movement; `numbers` are quantity, delta, previous and resulting stock."""
    quantity, delta, previous, resulting = [Decimal(number) for number in numbers] or [None] * 4
    keys = {"part": part.partition(" ")[2], "location": location.partition(" ")[2]}
    return QuantityMoved(
        **keys, kind=kind, quantity=quantity, delta=delta, previous=previous, resulting=resulting,
        task=task.partition(" ")[2] if task else None, person=who.partition(" ")[2] if who else None,
    )  # fmt: skip


def changed(task: str, state: str, about: str, who: str, **more: Any) -> TaskChanged:
    kind, _, key = about.partition(" ")
    return TaskChanged(f"id:{task}", state, about_kind=kind, about=key, person=who.partition(" ")[2], **more)


def level(part: str, quantity: int, minimum: int | None) -> LevelObserved:
    floor = Decimal(minimum) if minimum is not None else None
    return LevelObserved(part=part.partition(" ")[2], location=None, level=Decimal(quantity), minimum=floor)


@dataclass(frozen=True)
class Expected:
    sentence: str
    occurred: str
    source: str
    subjects: set[str]
    facts: tuple[Fact, ...]
    initiator: str = ""
    differences: tuple[str, ...] = ()


PLANNED: dict[str, Any] = {"tags": ("$preventive",), "parts": (("ref:FILT-GA37-OIL", "2"),)}
BELOW = (ThresholdCrossed("id:88197", "under_minimum"), level(FILTER, 1, 2))
EXPECTED = {
    "ActivityWasAddedOnTask.filterReplaced": Expected(
        "Mehdi Benali reported an activity on task 7c41d9ae on Compresseur d'air GA37 n°1",
        "2026-03-12T08:41:05", "emittedAt", {OIL_CHANGE, COMPRESSOR, MEHDI, FILTER_BY_REFERENCE},
        (ActivityAdded("id:7c41d9ae", "id:61177", about="id:2511", person="id:4117", **PLANNED),), "Mehdi Benali",
    ),
    "SparePartConsumptionWasCanceled.filterPutBack": Expected(
        "A consumption of Filtre à huile GA37 at Magasin fluides on task 7c41d9ae was cancelled",
        "2026-03-12T09:05:44", "emittedAt", {FILTER, FLUIDS, OIL_CHANGE},
        (moved("consumption_cancelled", FILTER, FLUIDS, (), OIL_CHANGE),),
    ),
    "SparePartStockWasUnderMinThreshold.sampleSpelling": Expected(
        "Filtre à huile GA37 fell below its minimum: 1 left, minimum 2",
        "2026-03-12T08:41:07", "_date", {FILTER}, BELOW,
    ),
    "SparePartStockWasUnderMinThreshold.schemaSpelling": Expected(
        "Filtre à huile GA37 fell below its minimum: 1 left, minimum 2",
        "2026-03-12T08:41:07", "_date", {FILTER}, BELOW, differences=("alias_spelling",),
    ),
    "SparePartWasConsumed.onTask": Expected(
        "Mehdi Benali consumed 2 × Filtre à huile GA37 at Magasin fluides on task 7c41d9ae",
        "2026-03-12T08:41:05", "emittedAt", {FILTER, FLUIDS, OIL_CHANGE, MEHDI},
        (moved("consumed", FILTER, FLUIDS, (2, -2, 3, 1), OIL_CHANGE, MEHDI),), "Mehdi Benali",
    ),
    "SparePartWasConsumed.withoutTask": Expected(
        "Mehdi Benali consumed 1 × Courroie trapézoïdale SPB 2240 at Armoire presse 2",
        "2026-03-11T15:02:08", "emittedAt", {BELT, CABINET, MEHDI},
        (moved("consumed", BELT, CABINET, (1, -1, 1, 0), who=MEHDI),), "Mehdi Benali",
    ),
    "SparePartWasManuallyRecounted.bearing": Expected(
        "Sophie Lambert counted 12 × Roulement à billes 6205-2RS at Magasin central A-03-2",
        "2026-03-10T16:20:31", "emittedAt", {BEARING, CENTRAL, SOPHIE},
        (moved("recounted", BEARING, CENTRAL, (12, -2, 14, 12), who=SOPHIE),), "Sophie Lambert",
    ),
    "SparePartWasOutOfStock.belt": Expected(
        "Courroie trapézoïdale SPB 2240 is out of stock", "2026-03-11T15:02:10", "_date", {BELT},
        (ThresholdCrossed("id:88203", "out_of_stock"), level(BELT, 0, 1)),
    ),
    "SparePartWasOutOfStock.withoutKeyAndMetadata": Expected(
        "Courroie trapézoïdale SPB 2240 is out of stock", "2026-03-11T15:02:10", "_date", {BELT},
        (ThresholdCrossed("id:88203", "out_of_stock"), level(BELT, 0, None)),
    ),
    "SparePartWasRestocked.belt": Expected(
        "Sophie Lambert restocked 4 × Courroie trapézoïdale SPB 2240 at Armoire presse 2",
        "2026-03-13T07:15:20", "emittedAt", {BELT, CABINET, SOPHIE},
        (moved("restocked", BELT, CABINET, (4, 4, 0, 4), who=SOPHIE),), "Sophie Lambert",
    ),
    "TaskWasCanceled.hoseCheck": Expected(
        "Camille Roussel cancelled task 91b02f4d on Presse hydraulique 250 t n°2",
        "2026-03-14T10:22:05", "canceled.on", {HOSE_CHECK, PRESS, CAMILLE},
        (changed("91b02f4d", "cancelled", PRESS, CAMILLE, tags=("$preventive",)),), "Camille Roussel",
    ),
    "TaskWasCompleted.emptyMetadataAsArray": Expected(
        "Mehdi Benali completed task 5be20c17 on Presse hydraulique 250 t n°2",
        "2026-03-12T13:30:00", "doneAt", {"task id:5be20c17", PRESS, MEHDI},
        (changed("5be20c17", "completed", PRESS, MEHDI),), "Mehdi Benali",
    ),
    "TaskWasCompleted.oilChange": Expected(
        "Mehdi Benali completed task 7c41d9ae on Compresseur d'air GA37 n°1",
        "2026-03-12T08:58:40", "doneAt", {OIL_CHANGE, COMPRESSOR, MEHDI, FILTER_BY_REFERENCE},
        (changed("7c41d9ae", "completed", COMPRESSOR, MEHDI, **PLANNED),), "Mehdi Benali",
    ),
    "TaskWasScheduled.fromOurOwnWrite": Expected(
        "Camille Roussel scheduled task 7c41d9ae on Compresseur d'air GA37 n°1",
        "2026-03-10T09:12:44", "scheduled.on", {OIL_CHANGE, COMPRESSOR, CAMILLE, FILTER_BY_REFERENCE},
        (changed("7c41d9ae", "scheduled", COMPRESSOR, CAMILLE, **PLANNED),), "Camille Roussel",
    ),
    "TaskWasStarted.oilChange": Expected(
        "Mehdi Benali started task 7c41d9ae on Compresseur d'air GA37 n°1",
        "2026-03-12T07:06:13", "started.on", {OIL_CHANGE, COMPRESSOR, MEHDI, FILTER_BY_REFERENCE},
        (changed("7c41d9ae", "started", COMPRESSOR, MEHDI, **PLANNED),), "Mehdi Benali",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_a_captured_example_means(name: str) -> None:
    reading = read((FIXTURES / f"{name}.json").read_bytes(), RECEIVED)
    expected = EXPECTED[name]
    assert (reading.type, reading.known) == (name.partition(".")[0], True)
    assert reading.sentence.plain() == expected.sentence
    assert reading.occurred_at == datetime.fromisoformat(expected.occurred).replace(tzinfo=UTC)
    assert reading.occurred_from == expected.source
    assert {f"{subject.kind} {subject.key}" for subject in reading.subjects} == expected.subjects
    assert reading.facts == expected.facts
    assert reading.initiator == expected.initiator
    assert tuple(difference.code for difference in reading.differences) == expected.differences
    for moving in (fact for fact in reading.facts if isinstance(fact, QuantityMoved)):
        assert (reading.previous_stock, reading.resulting_stock) == (moving.previous, moving.resulting)


def test_the_sentence_links_its_subjects() -> None:
    reading = read((FIXTURES / "SparePartWasConsumed.onTask.json").read_bytes(), RECEIVED)
    linked = {f"{value.kind} {value.key}" for value in reading.sentence.arguments.values() if value.kind}
    assert linked == EXPECTED["SparePartWasConsumed.onTask"].subjects
    assert {"ga37", "filt-ga37-oil", "benali", "magasin", "7c41d9ae", "sparepartconsumption"} <= set(reading.terms)
    assert reading.idempotency_key == "w5YkJt18Af"
    assert reading.vendor_network_id == "6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318"
