"""The one way to write into the audit trail."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from portal.trail.actions import ACTIONS
from portal.trail.models import Entry

COMMAND_LINE = "command line"
PORTAL = "portal"


class Actor(Protocol):
    """A person, as far as the trail needs to know one."""

    id: UUID
    email: str


def record(
    action: str,
    *,
    actor: Actor | str,
    organization_id: UUID | None = None,
    network_id: UUID | None = None,
    subject: str = "",
    details: dict[str, Any] | None = None,
    address: str | None = None,
    using: str = "default",
) -> None:
    """Add one entry, in the transaction that is open: an act that rolls back leaves no entry.

    `actor` is a person, or `COMMAND_LINE` or `PORTAL`. `details` holds no secret, ever. Raises KeyError when
    `action` is not one of `ACTIONS`.
    """
    ACTIONS[action]
    person = None if isinstance(actor, str) else actor
    # One INSERT without RETURNING: the row need not be visible in the scope that wrote it.
    Entry.objects.using(using).bulk_create(
        [
            Entry(
                organization_id=organization_id,
                network_id=network_id,
                actor_id=person.id if person else None,
                actor=(person.email if person else str(actor))[:320],
                action=action,
                subject=subject[:300],
                details=details or {},
                address=address,
            )
        ]
    )
