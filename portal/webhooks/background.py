"""Celery entry points of the drain: nudges only; what waits is in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connection

from portal.webhooks.pipeline import process_waiting
from portal.webhooks.recheck import recheck as recheck_network

NUDGE_SECONDS = 30  # an older message says nothing that the sweep does not say
MAX_BATCHES = 20  # then another message goes to the back of the line, so that one network cannot starve the others


@shared_task
def drain(network_id: str) -> None:
    """Process what waits at one network."""
    for _ in range(MAX_BATCHES):
        if not process_waiting(UUID(network_id), limit=settings.DRAIN_BATCH_SIZE):
            return
    drain.apply_async(args=(network_id,), expires=NUDGE_SECONDS)


@shared_task
def recheck(network_id: str) -> None:
    """Judge a network's unverified and quarantined deliveries again."""
    recheck_network(UUID(network_id))
    drain.apply_async(args=(network_id,), expires=NUDGE_SECONDS)


@shared_task
def sweep() -> None:
    """Find the work that a lost message left behind."""
    waiting = {
        *_networks("portal_networks_with_waiting_deliveries"),
        *_networks("portal_networks_with_stock_writes"),
        *_networks("portal_networks_with_references_to_read"),
    }
    for network_id in waiting:
        drain.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS)
    for network_id in _networks("portal_networks_with_recheck_wanted"):
        recheck.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS)


def _networks(function: str) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}()")  # noqa: S608 - names from above
        return [row[0] for row in cursor.fetchall()]
