"""Celery entry points of jobs: nudges only; what is to be sent is in PostgreSQL."""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from portal.jobs.checking import check_next
from portal.jobs.confirm import confirm_next
from portal.jobs.pipeline import send_next

NUDGE_SECONDS = 30  # an older message says nothing that the sweep does not say
LONG_SECONDS = 90.0  # with one more slow call, well below CELERY_TASK_SOFT_TIME_LIMIT
MAX_STEPS = 50
MAX_BATCHES = 10  # then another message goes to the back of the line, so that one network cannot starve the others

logger = logging.getLogger(__name__)


def nudge(task: Task[Any, Any], network_id: UUID) -> None:
    """Ask for work on a network once this transaction is through. A broker that is away delays it until the sweep."""

    def ask() -> None:
        try:
            task.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS, retry=False)
        except OperationalError as error:
            logger.warning("The broker cannot be reached; the sweep will find the work: %s", type(error).__name__)

    transaction.on_commit(ask)


@shared_task
def send(network_id: str) -> None:
    """Send what waits at one network."""
    begun = time.monotonic()
    for _ in range(MAX_BATCHES):
        if time.monotonic() - begun > LONG_SECONDS:
            break  # a call that the time limit of tasks cuts off is one whose outcome nobody knows
        if not send_next(UUID(network_id)):
            return
    send.apply_async(args=(network_id,), expires=NUDGE_SECONDS)


@shared_task
def check(network_id: str) -> None:
    """Check one draft: of the network whose turn it is, which need not be the one that asked.

    So a network with many files keeps no worker from the others: whoever was served last comes last.
    """
    if any(check_next(due) for due in _due(DUE[check])) and _due(DUE[check]):
        check.apply_async(args=(network_id,), expires=NUDGE_SECONDS)


@shared_task
def confirm(network_id: str) -> None:
    """Judge sent rows of one network by the events that have come."""
    for _ in range(MAX_STEPS):
        if not confirm_next(UUID(network_id)):
            return
    confirm.apply_async(args=(network_id,), expires=NUDGE_SECONDS)


@shared_task
def sweep() -> None:
    """Find the work that a lost message left behind, the batches and checks whose worker is gone, and new evidence."""
    for task, due in DUE.items():
        for network_id in _due(due):
            task.apply_async(args=(str(network_id),), expires=NUDGE_SECONDS)


DUE = {
    send: "portal_networks_with_batches_due",
    check: "portal_networks_with_checks_due",
    confirm: "portal_networks_with_evidence_due",
}


def _due(function: str) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}()")  # noqa: S608 - one of those above
        return [row[0] for row in cursor.fetchall()]
