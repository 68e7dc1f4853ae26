"""The sandbox's one object: networks, their plants, what happens in them and what is queued for delivery."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox import bodies, contract, effects, examples
from integrations.sandbox.bodies import Body
from integrations.sandbox.network import CALL_FAULTS, UNKNOWN_PARTS, Network, Subscription
from integrations.sandbox.plant import Plant
from integrations.sandbox.store import QueuedDelivery, Store
from integrations.sandbox.story import DEMO_PLANTS, demo_plant, replay

STORY_DAYS = 90


class ControlError(ValueError):
    """The control surface was asked for something that makes no sense; the text says what."""


class World:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.networks: dict[str, Network] = {network.id: network for network in store.networks()}
        self.plants: dict[str, Plant] = {}
        self.news = asyncio.Event()  # set when something was queued

    # ---------------------------------------------------------------- networks
    def by_key(self, key: str) -> Network | None:
        for network in self.networks.values():
            if key in network.keys:
                return network
        return None

    def put_network(self, network_id: str | None, wanted: dict[str, Any]) -> Network:
        """Create a network, or bring the one with this id to what is wanted; said twice, done once."""
        slug = wanted.get("plant")
        demo = _demo(slug) if slug else None
        network_id = _uuid(network_id or (demo.network_id if demo else str(uuid.uuid4())))
        network = self.networks.get(network_id)
        if network is None:
            network = Network(
                id=network_id,
                legacy_id=demo.legacy_network_id if demo else random.randint(2000, 9999),
                name=demo.name if demo else "Sandbox network",
                timezone=demo.timezone if demo else "Europe/Paris",
                currency=demo.currency if demo else "EUR",
                plan=demo.plan if demo else "premium",
                language=demo.language if demo else "en",
                keys=[],
            )
        for field in ("name", "timezone", "currency", "plan", "language"):
            if wanted.get(field):
                setattr(network, field, str(wanted[field]).strip())
        _check(network)
        self._put_key(network, wanted.get("api_key"))
        restart = self._put_story(network, demo.slug if demo else None, wanted)
        self.networks[network.id] = network
        with self.store.transaction():
            self.store.save_network(network)
            if restart:
                self.plants[network.id] = self._new_plant(network)
                self.store.save_plant(network.id, self.plants[network.id], whole=True)
        if "settings" in wanted:
            self.change_settings(network, wanted["settings"])
        if "subscriptions" in wanted:
            self.put_subscriptions(network, wanted["subscriptions"])
        if "trickle" in wanted:
            self.put_trickle(network, wanted["trickle"])
        return network

    def _put_key(self, network: Network, key: str | None) -> None:
        if key:
            owner = self.by_key(key)
            if owner is not None and owner.id != network.id:
                raise ControlError("This API key belongs to another network.")
            if key not in network.keys:
                network.keys = [*network.keys, key]
        if not network.keys:
            network.keys = [new_key()]

    def _put_story(self, network: Network, slug: str | None, wanted: dict[str, Any]) -> bool:
        """Take over the wanted plant and the span of its story; true if the plant must be built anew."""
        before = (network.demo, network.story_start, network.story_end)
        if slug:
            end = _moment(wanted.get("story_end")) or _moment(network.story_end) or datetime.now(UTC)
            start = _moment(wanted.get("story_start"))
            if start is None:
                known = _moment(network.story_start) if not wanted.get("story_end") else None
                start = known or end - timedelta(days=STORY_DAYS)
            network.demo = slug
            network.story_start, network.story_end = start.isoformat(), end.isoformat()
        changed = (network.demo, network.story_start, network.story_end) != before
        return changed or network.id not in self.networks

    def issue_key(self, network: Network, *, revoke_others: bool) -> str:
        key = new_key()
        network.keys = [key] if revoke_others else [*network.keys, key]
        self.store.save_network(network)
        return key

    def revoke_key(self, network: Network, key: str) -> None:
        network.keys = [known for known in network.keys if known != key]
        self.store.save_network(network)

    def delete_network(self, network: Network) -> None:
        del self.networks[network.id]
        self.plants.pop(network.id, None)
        self.store.delete_network(network.id)

    def subscribe(
        self, network: Network, *, url: str, secret: str | None = None, events: Sequence[str] | None = None
    ) -> None:
        """Set one address for the named events (all if none is named); an empty address ends them."""
        if url and not url.startswith(("http://", "https://")):
            raise ControlError("A webhook address starts with http:// or https://.")
        for event in events or bodies.EVENT_NAMES:
            if event not in bodies.EVENT_NAMES:
                raise ControlError(f"There is no event type {event}.")
            network.subscriptions.pop(event, None)
            if url:
                network.subscriptions[event] = Subscription(url, secret or None)
        self.store.save_network(network)

    def put_subscriptions(self, network: Network, wanted: dict[str, Any]) -> None:
        _only(wanted, required={"url"}, optional={"secret", "events"})
        self.subscribe(network, **wanted)

    def put_trickle(self, network: Network, wanted: dict[str, Any]) -> None:
        _only(wanted, required={"on"}, optional={"per_minute"})
        per_minute = wanted.get("per_minute")
        if per_minute is not None:
            per_minute = _cast("per_minute", per_minute, 1.0)
        self.set_trickle(network, on=_cast("on", wanted["on"], True), per_minute=per_minute)

    def change_settings(self, network: Network, changes: dict[str, Any]) -> None:
        self._change(network, network.settings, changes)

    def set_faults(self, network: Network, changes: dict[str, Any]) -> None:
        self._change(network, network.faults, changes)

    def set_trickle(self, network: Network, *, on: bool, per_minute: float | None = None) -> None:
        if per_minute is not None and not 0 < per_minute <= 6000:
            raise ControlError("The rate lies between 0 and 6,000 events a minute.")
        changes: dict[str, Any] = {"trickle": on}
        if per_minute is not None:
            changes["trickle_per_minute"] = per_minute
        self.change_settings(network, changes)

    def _change(self, network: Network, target: Any, changes: dict[str, Any]) -> None:
        if not isinstance(changes, dict):
            raise ControlError("Give an object of settings.")
        cast: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in target.__slots__:
                raise ControlError(f"There is no setting {name}.")
            cast[name] = _cast(name, value, getattr(target, name))
        for name, value in cast.items():
            setattr(target, name, value)
        self.store.save_network(network)
        self.news.set()

    # ---------------------------------------------------------------- plants
    def plant(self, network: Network) -> Plant:
        plant = self.plants.get(network.id)
        if plant is None:
            plant = _empty_plant(network)
            if not self.store.load_plant(network.id, plant):
                plant = self._new_plant(network)
                self.store.save_plant(network.id, plant, whole=True)
            self.plants[network.id] = plant
        return plant

    def _new_plant(self, network: Network) -> Plant:
        start, end = _moment(network.story_start), _moment(network.story_end)
        if network.demo and start and end:
            return replay(demo_plant(network.demo), start, end)
        return _empty_plant(network)

    # ---------------------------------------------------------------- what happens
    def accept(self, network: Network, operation: str, value: Any) -> None:
        """Take a valid write: tasks at once, bulk writes after the delay; their events follow."""
        delay = network.settings.event_delay
        if operation == "scheduleTask":
            now = datetime.now(UTC).replace(microsecond=0)
            with self.store.transaction():
                self._happened(network, effects.apply(self.plant(network), operation, value, at=now), delay=delay)
        else:
            self.store.add_write(network_id=network.id, operation=operation, body=value, due=time.time() + delay)
        self.news.set()

    def apply_due_writes(self) -> None:
        """Carry out the writes whose delay is over; a write, its effect and its events are one transaction."""
        for write_id, network_id, operation, value in self.store.due_writes(time.time()):
            network = self.networks[network_id]
            with self._act(network) as (plant, now):
                self.store.forget_write(write_id)
                policy = network.settings.unknown_parts
                events = effects.apply(plant, operation, value, at=now, unknown_parts=policy)
                self._happened(network, events)

    def let_live(self, network: Network) -> int:
        """One step of the live trickle; the number of events it made."""
        with self._act(network) as (plant, now):
            events = plant.step(now, hurried=True)
            self._happened(network, events)
        return len(events)

    def send(self, network: Network, event: str | None) -> list[str]:
        """Make an event of this type happen now, or one of each; the names of all that happened."""
        with self._act(network) as (plant, now):
            events = examples.provoke(plant, event, now) if event else examples.one_of_each(plant, now)
            self._happened(network, events)
        return [body["_event"] for body in events]

    @contextmanager
    def _act(self, network: Network) -> Iterator[tuple[Plant, datetime]]:
        """Something happens in a plant: its state and the queued events are saved together or not at all."""
        plant = self.plant(network)
        try:
            with self.store.transaction():
                yield plant, datetime.now(UTC).replace(microsecond=0)
        except BaseException:
            # The plant in memory is ahead of the saved one: read it again at the next use.
            self.plants.pop(network.id, None)
            raise

    def _happened(self, network: Network, events: list[Body], *, delay: float = 0.0) -> None:
        """Save the plant and queue the events for the subscriptions, with the faults that are switched on."""
        self.store.save_plant(network.id, self.plant(network))
        if network.plan not in contract.WEBHOOK_PLANS:
            return
        queued, now = [], time.time()
        for body in events:
            event = bodies.subscription_name(body["_event"])
            if event in network.subscriptions:
                delivery = QueuedDelivery(network.id, event, body, due=now + delay, created=now)
                _afflict(network, delivery)
                queued.append(delivery)
        self.store.add_deliveries(queued)
        self.store.save_network(network)
        if not network.faults.shuffle:
            self._release(network, "shuffling", backwards=True)
        self.news.set()

    def release_held(self, network: Network) -> int:
        """Send, late, what was held back."""
        return self._release(network, "held", backwards=False)

    def _release(self, network: Network, state: str, *, backwards: bool) -> int:
        waiting = self.store.deliveries_in(network.id, state)
        start = max([time.time(), *(each.due for each in waiting)])
        for number, delivery in enumerate(reversed(waiting) if backwards else waiting):
            delivery.state, delivery.due = "waiting", start + number * 0.05
            self.store.update_delivery(delivery)
        self.news.set()
        return len(waiting)


def new_key() -> str:
    return f"sandbox-{secrets.token_urlsafe(24)}"


def _afflict(network: Network, delivery: QueuedDelivery) -> None:
    faults = network.faults
    for flag in ("unsigned", "stale", "twice"):
        if getattr(faults, flag) > 0:
            setattr(faults, flag, getattr(faults, flag) - 1)
            delivery.flags.append(flag)
    if faults.hold_back > 0:
        faults.hold_back -= 1
        delivery.state = "held"
    elif faults.shuffle > 0:
        faults.shuffle -= 1
        delivery.state = "shuffling"


def _empty_plant(network: Network) -> Plant:
    if network.demo:
        return demo_plant(network.demo).build()
    language: Any = network.language
    return Plant(seed=network.id, language=language, network_id=network.id)


def _demo(slug: str) -> Any:
    if slug not in {plant.slug for plant in DEMO_PLANTS}:
        raise ControlError(f"There is no demo plant {slug}.")
    return demo_plant(slug)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ControlError("A network id is a UUID.") from None


def _only(wanted: Any, *, required: set[str], optional: set[str]) -> None:
    if not isinstance(wanted, dict):
        raise ControlError("Send a JSON object.")
    if missing := required - set(wanted):
        raise ControlError(f"{', '.join(sorted(missing))} is missing.")
    if unknown := set(wanted) - required - optional:
        raise ControlError(f"{', '.join(sorted(unknown))} is not known here.")


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ControlError("Write moments as ISO 8601.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check(network: Network) -> None:
    try:
        ZoneInfo(network.timezone)
    except (ValueError, KeyError, OSError):
        raise ControlError(f"There is no time zone {network.timezone}.") from None
    if network.plan not in contract.PLANS:
        raise ControlError(f"A plan is one of {', '.join(contract.PLANS)}.")
    if network.language not in ("fr", "en"):
        raise ControlError("A plant speaks fr or en.")
    if len(network.currency) != 3 or not network.currency.isalpha():
        raise ControlError("A currency is three letters, such as EUR.")
    network.currency = network.currency.upper()


def _cast(name: str, value: Any, known: Any) -> Any:
    """Bring a value from JSON or a form to the type of the setting, or refuse it."""
    choices = {"call": CALL_FAULTS, "unknown_parts": UNKNOWN_PARTS}
    try:
        if name in choices:
            if str(value) not in choices[name]:
                raise ControlError(f"{name} is one of {', '.join(choices[name])}.")
            return str(value)
        if isinstance(known, bool):
            return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "on", "yes")
        if isinstance(known, list):
            parts = value.split(",") if isinstance(value, str) else value
            return [max(0.0, float(part)) for part in parts]
        number = type(known)(value)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, ControlError) else ControlError(f"{name} is no number.") from None
    if number < 0:
        raise ControlError(f"{name} is not negative.")
    return number
