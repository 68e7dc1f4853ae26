"""The invented plants: deterministic, true to openapi.yaml, and whole in every chain."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sandbox import bodies, contract, examples
from integrations.sandbox.plant import Plant
from integrations.sandbox.story import DEMO_PLANTS, DemoPlant, replay, story

END = datetime(2026, 11, 23, 20, tzinfo=UTC)
START = END - timedelta(days=90)
NETWORK = "6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318"


def test_three_thousand_events_of_three_months_take_under_two_seconds() -> None:
    began = time.perf_counter()
    told = [delivery for demo in DEMO_PLANTS for delivery in story(demo, START, END)]
    assert time.perf_counter() - began < 2
    assert 2700 < len(told) < 3500


@pytest.mark.parametrize("demo", DEMO_PLANTS, ids=lambda demo: demo.slug)
def test_a_story_is_the_same_each_time_and_in_order_of_receipt(demo: DemoPlant) -> None:
    first, again = list(story(demo, START, END)), list(story(demo, START, END))
    assert first == again
    received = [delivery.received_at for delivery in first]
    assert received == sorted(received)
    assert received[0] >= START
    assert received[-1] < END


@pytest.mark.parametrize("demo", DEMO_PLANTS, ids=lambda demo: demo.slug)
def test_bodies_fit_the_vendors_schemas_unless_odd_on_purpose(demo: DemoPlant) -> None:
    validator = contract.event_validator()
    for delivery in story(demo, START, END):
        body = json.loads(delivery.body)
        assert validator.is_valid(body) is not delivery.odd, (body, delivery.odd)


def test_the_stories_hold_every_event_type_and_every_blemish() -> None:
    told = [delivery for demo in DEMO_PLANTS for delivery in story(demo, START, END)]
    events = [json.loads(delivery.body) for delivery in told]
    names = Counter(event["_event"] for event in events)
    assert set(names) > {*bodies.EVENT_NAMES, bodies.LONG_UNDER_MINIMUM}
    assert set(names) - {*bodies.EVENT_NAMES, bodies.LONG_UNDER_MINIMUM}, "an event type of the future"
    assert any(not delivery.signed for delivery in told)
    assert any(delivery.late for delivery in told)
    assert any(delivery.attempt == 2 for delivery in told)
    assert any("_idempotencyKey" not in event for event in events)
    assert any("networkId" not in event for event in events)
    assert any("priority" in event for event in events)
    variants = {json.dumps(event["_metadata"]) for event in events if "_metadata" in event}
    assert {"null", '""', "[]"} < variants


def test_a_repeat_is_the_same_event_sent_later() -> None:
    told = list(story(DEMO_PLANTS[0], START, END))
    by_key: dict[str, list[dict[str, Any]]] = {}
    for delivery in told:
        event = json.loads(delivery.body)
        by_key.setdefault(event.get("_idempotencyKey", ""), []).append(event)
    pairs = [events for key, events in by_key.items() if key and len(events) == 2]
    assert pairs
    differing = 0
    for first, second in pairs:
        differing += first.pop("_sentAt", None) != second.pop("_sentAt", None)
        assert first == second
    assert differing


def test_plants_work_in_their_own_daytime_and_rest_at_the_week_end() -> None:
    for demo in DEMO_PLANTS:
        zone = ZoneInfo(demo.timezone)
        local = [delivery.occurred_at.astimezone(zone) for delivery in story(demo, START, END)]
        by_day = [moment for moment in local if 6 <= moment.hour < 20]
        assert len(by_day) > 0.9 * len(local)
        assert sum(moment.weekday() >= 5 for moment in local) < 0.06 * len(local)


def test_the_live_plant_goes_on_from_where_the_story_ends() -> None:
    demo = DEMO_PLANTS[0]
    told = demo.build()
    list(story(demo, START, END, plant=told))
    replayed = replay(demo, START, END)
    assert told.snapshot() == replayed.snapshot()
    assert told.step(END) == replayed.step(END)


class Ledger:
    """Follows the stock by the events alone, as the portal must."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.levels: dict[tuple[str, ...], int] = {}
        self.taken: dict[str, list[tuple[tuple[str, ...], int]]] = {}

    def follow(self, event: dict[str, Any]) -> None:
        word = next((word for word in ("consumed", "restocked", "recounted") if word in event), None)
        task = (event.get("task") or {}).get("id", "")
        if event["_event"] == "SparePartConsumptionWasCanceled":
            key, quantity = self.taken[task + event["sparePart"]["id"]].pop()
            self.levels[key] += quantity
        if word is None:
            return
        place = (event["location"]["id"],) if self.scope == "location" else ()
        key = (event["sparePart"]["id"], *place)
        moved = event[word]
        previous = moved["previousStock"]
        assert self.levels.get(key, previous) == previous, f"the chain of {key} breaks"
        quantity = moved["quantity"]
        after = {"consumed": previous - quantity, "restocked": previous + quantity, "recounted": quantity}
        assert after[word] >= 0
        self.levels[key] = after[word]
        if word == "consumed":
            self.taken.setdefault(task + event["sparePart"]["id"], []).append((key, quantity))


@settings(max_examples=20, deadline=None)
@given(
    seed=st.text("abcdef", min_size=1, max_size=6),
    scope=st.sampled_from(("location", "part")),
    hurried=st.booleans(),
)
def test_every_stock_chain_and_task_life_is_whole(seed: str, scope: Any, hurried: bool) -> None:
    plant = Plant(seed=seed, language="fr", network_id=NETWORK, stock_scope=scope)
    ledger, states = Ledger(scope), dict[str, str]()
    at = START
    for _ in range(400):
        at += timedelta(minutes=37)
        for event in plant.step(at, hurried=hurried):
            ledger.follow(event)
            task = event.get("taskId") or event.get("id") or (event.get("task") or {}).get("id")
            match event["_event"]:
                case "TaskWasScheduled":
                    assert task not in states
                    states[task] = "scheduled"
                case "TaskWasStarted":
                    assert states[task] == "scheduled"
                    states[task] = "started"
                case "TaskWasCompleted":
                    assert states[task] == "started"
                    states[task] = "completed"
                case "TaskWasCanceled":
                    assert states[task] == "scheduled"
                    states[task] = "canceled"
                case "ActivityWasAddedOnTask":
                    assert states[task] == "started"
    by_part: Counter[str] = Counter()
    if scope == "part":
        for (part_id,), level in ledger.levels.items():
            by_part[part_id] = level
            assert plant.parts[part_id].total == level
    else:
        for (part_id, place_id), level in ledger.levels.items():
            assert plant.parts[part_id].stock[place_id] == level


def test_alerts_come_only_when_a_level_is_crossed() -> None:
    plant = Plant(seed="alerts", language="en", network_id=NETWORK)
    at, seen = START, 0
    for _ in range(1500):
        at += timedelta(minutes=20)
        for event in plant.step(at):
            if "movement" in event:
                seen += 1
                before, after = event["movement"]["previousStock"], event["stock"]["quantity"]
                limit = event["stock"]["minimumStock"]
                if event["_event"] == "SparePartWasOutOfStock":
                    assert before > after == 0
                else:
                    assert before >= limit > after > 0
    assert seen > 5


@pytest.mark.parametrize("event", bodies.EVENT_NAMES)
def test_each_event_can_be_provoked_at_any_time(event: str) -> None:
    plant = Plant(seed="one", language="en", network_id=NETWORK)
    ledger, validator = Ledger("location"), contract.event_validator()
    for minute in range(30):
        happened = examples.provoke(plant, event, START + timedelta(minutes=minute))
        assert event in {bodies.subscription_name(body["_event"]) for body in happened}
        for body in happened:
            ledger.follow(body)
            assert validator.is_valid(body), body


@pytest.mark.parametrize("seed", range(12))
def test_what_the_last_event_of_one_of_each_says_of_a_part_is_true(seed: int) -> None:
    """An alert is told later than what set it off: it must not come after a movement of which it knows nothing."""
    plant = Plant(seed=f"each {seed}", language="en", network_id=NETWORK)
    for body in examples.one_of_each(plant, START):
        if "movement" in body:
            assert plant.parts[body["sparePart"]["id"]].total == body["stock"]["quantity"], body["_event"]


def test_one_of_each_is_one_short_story() -> None:
    plant = Plant(seed="each", language="fr", network_id=NETWORK)
    happened = examples.one_of_each(plant, START)
    assert {bodies.subscription_name(body["_event"]) for body in happened} == set(bodies.EVENT_NAMES)
    assert len(happened) < 18


def test_a_saved_plant_lives_on_as_if_never_saved() -> None:
    plant = Plant(seed="saved", language="en", network_id=NETWORK)
    for minute in range(200):
        plant.step(START + timedelta(minutes=minute), hurried=True)
    core = json.loads(json.dumps(plant.snapshot()))
    parts = json.loads(json.dumps(list(plant.part_rows(only_changed=False).values())))
    other = Plant(seed="other", language="en", network_id=NETWORK)
    other.restore(core, parts)
    for minute in range(200, 260):
        at = START + timedelta(minutes=minute)
        assert plant.step(at, hurried=True) == other.step(at, hurried=True)
