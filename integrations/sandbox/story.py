"""Tells the past months of a demo plant as deliveries, with the blemishes that real deliveries have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integrations.sandbox import bodies
from integrations.sandbox.bodies import Body
from integrations.sandbox.catalogue import Language, Trade
from integrations.sandbox.plant import Plant
from integrations.sandbox.stockroom import StockScope

# How much happens in each hour of a working day, plant's own time.
_HOURS = (1, 1, 1, 1, 2, 8, 25, 45, 60, 62, 60, 52, 25, 48, 60, 56, 40, 24, 14, 10, 7, 4, 2, 1)
_WEEKDAYS = (1.1, 1.05, 1.0, 1.05, 0.85, 0.12, 0.03)


@dataclass(frozen=True, slots=True)
class DemoPlant:
    """One network of the demo group; `network_id` is the vendor's id, the slug is ours."""

    slug: str
    name: str
    seed: str
    language: Language
    timezone: str
    currency: str
    plan: str
    network_id: str
    legacy_network_id: int
    trade: Trade
    stock_scope: StockScope
    people_from: int
    steps_per_day: float  # on an average working day

    def build(self) -> Plant:
        """The plant as it stood before its story begins."""
        return Plant(
            seed=self.seed,
            language=self.language,
            network_id=self.network_id,
            trade=self.trade,
            stock_scope=self.stock_scope,
            people_from=self.people_from,
        )


DEMO_PLANTS: tuple[DemoPlant, ...] = (
    DemoPlant(
        slug="val-darve-cluses",
        name="Fonderie du Val d'Arve - Cluses",
        seed="cluses",
        language="fr",
        timezone="Europe/Paris",
        currency="EUR",
        plan="ultimate",
        network_id="6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318",
        legacy_network_id=1187,
        trade="foundry",
        stock_scope="location",
        people_from=0,
        steps_per_day=16.0,
    ),
    DemoPlant(
        slug="val-darve-sheffield",
        name="Val d'Arve Casting - Sheffield",
        seed="sheffield",
        language="en",
        timezone="Europe/London",
        currency="GBP",
        plan="premium",
        network_id="b28e5a90-41cd-4f76-a3d2-7c0f91e6d845",
        legacy_network_id=1402,
        trade="foundry",
        stock_scope="location",
        people_from=0,
        steps_per_day=12.4,
    ),
    DemoPlant(
        slug="val-darve-annecy",
        name="Val d'Arve Usinage - Annecy",
        seed="annecy",
        language="fr",
        timezone="Europe/Paris",
        currency="EUR",
        plan="premium",
        network_id="0d94c7e3-5b18-4a2f-8e61-f3a7b50c2d96",
        legacy_network_id=1533,
        trade="machining",
        stock_scope="part",
        people_from=9,
        steps_per_day=10.6,
    ),
)


def demo_plant(slug: str) -> DemoPlant:
    return next(plant for plant in DEMO_PLANTS if plant.slug == slug)


@dataclass(frozen=True, slots=True)
class StoryDelivery:
    """One webhook call of the past. `signed` false: it came without the signature header."""

    occurred_at: datetime
    received_at: datetime
    body: bytes
    signed: bool = True
    attempt: int = 1  # 2 = the vendor called again although the first call was answered
    late: bool = False
    odd: bool = False  # departs from openapi.yaml on purpose


def story(demo: DemoPlant, start: datetime, end: datetime, *, plant: Plant | None = None) -> Iterator[StoryDelivery]:
    """All calls received from `start` to `end`, in the order of receipt.

    The plant's own life depends on its seed and the times only, so the same story can be told again elsewhere
    and the live trickle goes on from there. A plant that is handed in stands at the story's end afterwards.
    """
    plant = plant or demo.build()
    told: list[StoryDelivery] = []
    blemishes = random.Random(f"{demo.seed}/blemishes")
    for at in step_times(demo, start, end):
        for body in plant.step(at):
            told += _delivered(demo, blemishes, body, at, end)
    told.sort(key=lambda delivery: delivery.received_at)
    return iter(told)


def replay(demo: DemoPlant, start: datetime, end: datetime) -> Plant:
    """The plant as it stands where its story ends, without the deliveries."""
    plant = demo.build()
    for at in step_times(demo, start, end):
        plant.step(at)
    return plant


def step_times(demo: DemoPlant, start: datetime, end: datetime) -> Iterator[datetime]:
    """When something happens: mostly in the plant's working hours; each day has its own dice."""
    zone = ZoneInfo(demo.timezone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for at in _times_of_day(demo, zone, day):
            if start <= at < end:
                yield at
        day += timedelta(days=1)


def _times_of_day(demo: DemoPlant, zone: ZoneInfo, day: date) -> list[datetime]:
    dice = random.Random(f"{demo.seed}/{day.isoformat()}")
    wanted = demo.steps_per_day * _WEEKDAYS[day.weekday()] * dice.uniform(0.75, 1.25)
    count = int(wanted) + (dice.random() < wanted % 1)
    hours = dice.choices(range(24), weights=_HOURS, k=count)
    moments = [time(hour, dice.randrange(60), dice.randrange(60)) for hour in hours]
    return sorted(datetime.combine(day, moment, tzinfo=zone).astimezone(UTC) for moment in moments)


def _delivered(demo: DemoPlant, dice: random.Random, body: Body, at: datetime, end: datetime) -> list[StoryDelivery]:
    """No call, one call or two for an event, mostly one."""
    fate = dice.random()
    moves_stock = any(word in body for word in ("consumed", "restocked", "recounted"))
    if moves_stock and fate < 0.008:
        return []  # three failed attempts: the event is lost
    odd = _disfigure(dice, body)
    received, late = at + timedelta(seconds=dice.uniform(2, 9)), False
    if fate > 0.985:
        delayed = received + timedelta(hours=dice.uniform(1.5, 30))
        if delayed < end:
            received, late = delayed, True
    if received >= end:
        received = end - timedelta(milliseconds=1)
    if "_sentAt" in body:
        body["_sentAt"] = bodies.stamp(received - timedelta(seconds=1))
    first = StoryDelivery(at, received, bodies.encode(body), signed=dice.random() > 0.007, late=late, odd=odd)
    again = received + timedelta(seconds=dice.uniform(20, 400))
    if dice.random() > 0.016 or again >= end:
        future = _future_event(demo, dice, at, received) if dice.random() < 0.0015 else None
        return [first, future] if future else [first]
    if "_sentAt" in body:
        body["_sentAt"] = bodies.stamp(again - timedelta(seconds=1))
    return [first, StoryDelivery(at, again, bodies.encode(body), attempt=2, odd=odd)]


def _disfigure(dice: random.Random, body: Body) -> bool:
    """Small departures that the documentation half admits; true if openapi.yaml would not know the result."""
    fate = dice.random()
    if fate < 0.02:
        body.pop("_idempotencyKey")
    elif fate < 0.03:
        body["priority"] = dice.choice(("low", "normal", "high"))
    elif fate < 0.034 and "initiator" in body:
        body["initiator"]["team"] = {"id": "12", "name": "Maintenance"}
    elif fate < 0.037:
        body.pop("networkId")
    elif fate < 0.039 and "_metadata" in body:
        body["_metadata"] = 0
        return True
    return False


def _future_event(demo: DemoPlant, dice: random.Random, at: datetime, received: datetime) -> StoryDelivery:
    """An event type that the vendor may add one day."""
    body: Body = {
        "_type": "EquipmentCounterWasReadWebhook",
        "_event": "EquipmentCounterWasRead",
        "_idempotencyKey": f"{dice.getrandbits(48):012x}",
        "_sentAt": bodies.stamp(received),
        "emittedAt": bodies.stamp(at),
        "_metadata": [],
        "equipment": {"id": "2503", "itemCode": None, "name": demo.name.split(" - ")[0]},
        "counter": {"code": "HOURS", "value": dice.randint(4000, 22000)},
        "networkId": demo.network_id,
    }
    return StoryDelivery(at, received, bodies.encode(body), odd=True)
