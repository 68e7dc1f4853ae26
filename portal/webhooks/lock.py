"""The lock that lets one worker at a time change a network's events and readings."""

from __future__ import annotations

from uuid import UUID

from portal.lib.locks import lock


def lock_network(network_id: UUID, *, wait: bool = False) -> bool:
    """Take the network's drain lock until the end of the transaction; False when another worker has it."""
    return lock(f"drain {network_id}", wait=wait)
