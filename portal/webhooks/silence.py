"""After how long without deliveries a network, or one event type, counts as silent: rules that people set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from portal.networks.acts import record_act
from portal.networks.models import Network
from portal.trail.record import Actor
from portal.webhooks.models import SilenceRule

WHOLE, EACH = "", "*"
HOURS = 24  # of a network without a rule
MOST_HOURS = 8784  # a year


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one network, in hours; 0 = never."""

    whole: int = HOURS
    each: int = 0  # of types that have none of their own
    types: dict[str, int] = field(default_factory=dict)

    def hours_of(self, name: str) -> int:
        """Return after how many hours a type counts as silent."""
        return self.types.get(name, self.each)

    def silent_since(self, name: str, last_at: datetime | None, *, connected_at: datetime) -> datetime | None:
        """Return when a type began to count as silent, be it in the past or to come; None where it never does.

        It is waited for from the moment at which the network was connected at the earliest.
        """
        hours = self.hours_of(name)
        return max(last_at or connected_at, connected_at) + timedelta(hours=hours) if hours else None


def rules_of(network_ids: Iterable[UUID]) -> dict[UUID, Rules]:
    """Return the rules of networks, in one query. Needs the scope."""
    found: dict[UUID, dict[str, int]] = {network_id: {} for network_id in network_ids}
    for network_id, name, hours in SilenceRule.objects.filter(network_id__in=list(found)).values_list(
        "network_id", "type", "hours"
    ):
        found[network_id][name] = hours
    return {
        network_id: Rules(
            whole=hours.get(WHOLE, HOURS),
            each=hours.get(EACH, 0),
            types={name: value for name, value in hours.items() if name not in {WHOLE, EACH}},
        )
        for network_id, hours in found.items()
    }


def set_rules(network: Network, wanted: Mapping[str, int | None], *, actor: Actor) -> bool:
    """Set the hours by type, None = no rule; return whether that changed any. Needs the network's scope."""
    before = dict(SilenceRule.objects.filter(network_id=network.id).values_list("type", "hours"))
    after = {name: hours for name, hours in wanted.items() if hours is not None}
    if after == before:
        return False
    SilenceRule.objects.filter(network_id=network.id).delete()
    SilenceRule.objects.bulk_create(
        SilenceRule(network_id=network.id, type=name, hours=hours) for name, hours in after.items()
    )
    changes = {
        name or "network": [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
    record_act(network, "silence_changed", actor=actor, details=changes)
    return True
