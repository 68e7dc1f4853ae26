"""Carries webhooks to their subscribers as the vendor does, and lets writes and plants take their course."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from integrations.mobility_work.signature import CANDIDATES, sign
from integrations.sandbox import bodies
from integrations.sandbox.network import Network, Subscription
from integrations.sandbox.store import QueuedDelivery
from integrations.sandbox.world import World

USER_AGENT = "Mobility Work - Webhook Service v1"
ATTEMPTS = 3
logger = logging.getLogger(__name__)
_STALE_SECONDS = 3600
_PACE = 0.05  # seconds between two looks at the clock


def webhook_headers(body: bytes, *, secret: str | None, at: float, recipe: int = 0) -> dict[str, str]:
    """The headers of one webhook call; without a secret there is no signature."""
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    if secret:
        nonce = secrets.token_hex(20)
        headers["X-MW-Signature"] = sign(CANDIDATES[recipe], secret, t=int(at), nonce=nonce, body=body)
    return headers


class Courier:
    """The sandbox's background work: one loop, and one task per network that has webhooks due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = httpx.AsyncClient(follow_redirects=False)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._next_step: dict[str, float] = {}
        self._main: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._main = asyncio.create_task(self._run())

    async def stop(self) -> None:
        tasks = [task for task in (self._main, *self._busy.values()) if task]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._client.aclose()

    async def _run(self) -> None:
        while True:
            self._world.news.clear()
            try:
                self._look()
            except Exception:
                # One bad write must not end the deliveries of every network; the log shows it each second.
                logger.exception("the sandbox's background work failed")
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._world.news.wait(), _PACE)

    def _look(self) -> None:
        self._world.apply_due_writes()
        self._trickle()
        for network_id in self._world.store.due_networks(time.time()):
            if network_id not in self._busy and network_id in self._world.networks:
                self._busy[network_id] = asyncio.create_task(self._deliver_due(network_id))

    def _trickle(self) -> None:
        now = time.monotonic()
        for network in self._world.networks.values():
            if not network.settings.trickle:
                self._next_step.pop(network.id, None)
            elif now >= self._next_step.setdefault(network.id, now):
                made = self._world.let_live(network)
                self._next_step[network.id] = now + made * 60 / network.settings.trickle_per_minute

    async def _deliver_due(self, network_id: str) -> None:
        try:
            network = self._world.networks[network_id]
            while due := self._world.store.due_deliveries(network_id, time.time(), 64):
                if len(due) < 20:
                    for delivery in due:
                        await self._deliver(network, delivery)
                else:
                    for first in range(0, len(due), 4):
                        await asyncio.gather(*(self._deliver(network, delivery) for delivery in due[first : first + 4]))
            self._world.store.trim(network_id)
        except Exception:
            logger.exception("delivering webhooks failed")
            await asyncio.sleep(1)
        finally:
            del self._busy[network_id]

    async def _deliver(self, network: Network, delivery: QueuedDelivery) -> None:
        """One attempt (two for a doubled delivery); then done, tried again later, or failed for good."""
        subscription = network.subscriptions.get(delivery.event)
        if subscription is None:
            delivery.state = "failed"
            delivery.answers.append({"at": bodies.stamp(datetime.now(UTC)), "error": "no subscription"})
            self._world.store.update_delivery(delivery)
            return
        answer = await self._call(network, subscription, delivery)
        if answer.get("status") == 200 and "twice" in delivery.flags:
            delivery.flags.remove("twice")
            delivery.answers.append(answer)
            answer = await self._call(network, subscription, delivery)
        delivery.answers.append(answer)
        failures = sum(1 for each in delivery.answers if each.get("status") != 200)
        if answer.get("status") == 200:
            delivery.state = "delivered"
        elif failures >= ATTEMPTS:
            delivery.state = "failed"
        else:
            intervals = network.settings.retry_intervals or [0.0]
            delivery.due = time.time() + intervals[min(failures, len(intervals)) - 1]
        self._world.store.update_delivery(delivery)

    async def _call(self, network: Network, subscription: Subscription, delivery: QueuedDelivery) -> dict[str, Any]:
        now = datetime.now(UTC)
        if "_sentAt" in delivery.body:
            delivery.body["_sentAt"] = bodies.stamp(now)
        raw = bodies.encode(delivery.body)
        secret = None if "unsigned" in delivery.flags else subscription.secret
        signed_at = now.timestamp() - (_STALE_SECONDS if "stale" in delivery.flags else 0)
        headers = webhook_headers(raw, secret=secret, at=signed_at, recipe=network.settings.recipe)
        answer: dict[str, Any] = {"at": bodies.stamp(now)}
        started = time.perf_counter()
        try:
            response = await self._client.post(
                subscription.url, content=raw, headers=headers, timeout=network.settings.call_timeout
            )
            answer["status"] = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer["error"] = type(error).__name__
        answer["ms"] = round((time.perf_counter() - started) * 1000, 1)
        return answer
