"""The lock under which the jobs of a network change: one claim, answer or decision at a time."""

from __future__ import annotations

from uuid import UUID

from portal.lib.locks import lock


def lock_jobs(network_id: UUID) -> None:
    """Take the lock until the end of the transaction, waiting for it."""
    lock(f"jobs {network_id}", wait=True)
