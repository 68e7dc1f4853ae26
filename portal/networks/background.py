"""Celery entry points of networks: the vendor's settings are read again once a day."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from portal.networks.refresh import due_networks, refresh_settings


@shared_task
def sweep_settings() -> None:
    """Find the networks whose settings are a day old."""
    for network_id in due_networks():
        refresh.delay(str(network_id))


@shared_task
def refresh(network_id: str) -> None:
    """Read one network's settings again."""
    refresh_settings(UUID(network_id))
