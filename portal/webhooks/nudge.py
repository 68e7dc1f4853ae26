"""Tells the workers that a network has deliveries waiting, without ever slowing the receiver.

A nudge may be lost without harm: the sweeper finds what waits, every second.
"""

from __future__ import annotations

import logging
import threading
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

COALESCE_SECONDS = 0.1
DRAIN_TASK = "portal.webhooks.background.drain"


class Nudger:
    """Sends one short message per network and tenth of a second, from a thread of its own."""

    def __init__(self) -> None:
        self._networks: set[UUID] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is sending."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=3)

    def nudge(self, networks: set[UUID]) -> None:
        """Remember the networks and return at once."""
        with self._lock:
            self._networks |= networks
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                networks, self._networks = self._networks, set()
            for network_id in networks:
                self._send(network_id)
            if not self._stopping:
                threading.Event().wait(COALESCE_SECONDS)

    @staticmethod
    def _send(network_id: UUID) -> None:
        try:
            current_app.send_task(DRAIN_TASK, args=[str(network_id)], retry=False, expires=30, ignore_result=True)
        except (OperationalError, OSError) as error:
            logger.warning("The broker did not take a nudge (%s); the sweeper will", type(error).__name__)
