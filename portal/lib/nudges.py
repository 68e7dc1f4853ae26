"""Messages to workers that only nudge: what is to be done is in PostgreSQL, and a sweep finds what a lost one left."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

NUDGE_SECONDS = 30  # an older message says nothing that the sweep does not say

logger = logging.getLogger(__name__)


def nudge_on_commit(task: Task[Any, Any], *args: str) -> None:
    """Ask a worker once this transaction is through. A broker that is away delays it until the sweep."""

    def ask() -> None:
        try:
            task.apply_async(args=args, expires=NUDGE_SECONDS, retry=False)
        except OperationalError as error:
            logger.warning("The broker cannot be reached; the sweep will find the work: %s", type(error).__name__)

    transaction.on_commit(ask)
