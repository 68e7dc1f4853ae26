"""What the sandbox knows about one network of the vendor: keys, plan, subscriptions, settings and faults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

CALL_FAULTS = ("500", "503", "429", "401", "timeout", "lost_answer")
UNKNOWN_PARTS = ("drop", "refuse", "create")


@dataclass(slots=True)
class Subscription:
    url: str
    secret: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Faults:
    """Things to go wrong, each for the next so many times."""

    call: str = "500"  # one of CALL_FAULTS
    calls: int = 0
    seconds: float = 90.0  # how long a call that times out is left hanging; also the Retry-After of a 429
    unsigned: int = 0
    stale: int = 0
    twice: int = 0
    shuffle: int = 0
    hold_back: int = 0


@dataclass(slots=True)
class Settings:
    event_delay: float = 3.0  # seconds from a write to its effect
    retry_intervals: list[float] = field(default_factory=lambda: [5.0, 30.0])
    call_timeout: float = 10.0
    unknown_parts: str = "drop"  # what a bulk write does with references that do not exist
    recipe: int = 0  # place in signature.CANDIDATES
    trickle: bool = False
    trickle_per_minute: float = 6.0


@dataclass(slots=True)
class Network:
    id: str
    legacy_id: int
    name: str
    timezone: str
    currency: str
    plan: str
    language: str
    keys: list[str] = field(repr=False)
    demo: str | None = None  # slug of a demo plant
    story_start: str | None = None
    story_end: str | None = None
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)

    def as_row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Network:
        subscriptions = {event: Subscription(**value) for event, value in row.pop("subscriptions").items()}
        settings, faults = Settings(**row.pop("settings")), Faults(**row.pop("faults"))
        return cls(**row, subscriptions=subscriptions, settings=settings, faults=faults)

    def vendor_settings(self) -> dict[str, Any]:
        """The answer of `GET /partners/v1/network/settings`."""
        return {
            "networkId": self.id,
            "legacyNetworkId": self.legacy_id,
            "name": self.name,
            "timezone": self.timezone,
            "currency": self.currency,
        }
