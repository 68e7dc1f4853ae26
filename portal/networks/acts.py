"""The one way to write an act on a network into the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.networks.models import Network
from portal.trail.record import Actor, record


def record_act(
    network: Network,
    action: str,
    *,
    actor: Actor | str,
    details: Mapping[str, Any] | None = None,
    about: str = "",
    address: str | None = None,
) -> None:
    """Add one entry on a network; `about` names what of it was acted on. See `portal.trail.record.record`."""
    record(
        action,
        actor=actor,
        organization_id=network.organization_id,
        network_id=network.id,
        subject=f"{network.name} {about}".rstrip(),
        details=dict(details or {}),
        address=address,
    )
