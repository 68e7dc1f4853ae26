"""FLOW 1, first step: the small ASGI app that receives webhooks. Look up, verify, store, then answer 200.

Answers, as the vendor reads them (vendor reference, section 7):
200 = stored durably; 401 = signature refused, kept in quarantine; 404 = no such address, nothing kept;
405 = not a POST; 408 = too slow; 413 = too large; 503 = not stored, please send again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from integrations.mobility_work.signature import Recipe
from portal.lib.ids import new_id
from portal.lib.metrics import may_read
from portal.lib.redaction import RedactTokens
from portal.lib.sealing import Sealer, SealingError, token_hash
from portal.webhooks.group_commit import (
    Connection,
    GroupCommit,
    IncomingDelivery,
    NotStored,
    QuarantineLimits,
    quarantine,
)
from portal.webhooks.intake import Judgement, OpenInbox, judge, kept_headers
from portal.webhooks.nudge import Nudger

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)

CACHE_SECONDS = 5.0  # a rotated address, secret or recipe takes effect within this time
CACHE_ENTRIES = 10_000
PLAIN = b"text/plain; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LOOK_UP = "SELECT address_id, network_id, recipe, secrets FROM portal_inbox_for_token(%s)"
WELCOME = (
    b"This address receives webhooks from Mobility Work by POST. There is nothing to see here, and nothing is wrong.\n"
)


class TooLarge(Exception):
    """The body is over the size cap."""


class TooSlow(Exception):
    """The body did not arrive in time."""


class SenderLeft(Exception):
    """The sender closed the connection before the whole body had arrived."""


class Receiver:
    """The ASGI application."""

    def __init__(
        self,
        *,
        dsn: str,
        sealer: Sealer,
        nudger: Nudger,
        max_body: int = 1024 * 1024,
        tolerance: int = 300,
        limits: QuarantineLimits,
        metrics_token: str = "",
        body_seconds: float = 30.0,
    ) -> None:
        """Serve the database at `dsn` (receiver role). `max_body` in bytes, `tolerance` in seconds.

        A body must arrive within `body_seconds`, so that slow senders cannot hold connections for ever.
        """
        self._body_seconds = body_seconds
        self._metrics_token = metrics_token
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "portal_receiver_answers", "Webhooks answered, by status.", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "portal_receiver_seconds", "Time to answer a webhook.", buckets=SECONDS, registry=self._registry
        )
        self._sealer = sealer
        self._nudger = nudger
        self._max_body = max_body
        self._tolerance = tolerance
        self._limits = limits
        self._look_ups = Connection(dsn)
        self._quarantine = Connection(dsn)
        self._commit = GroupCommit(dsn, stored=nudger.nudge)
        self._cache: dict[bytes, tuple[float, OpenInbox]] = {}
        self._writer: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            started = time.perf_counter()
            status, text = await self._answer(scope, receive)
            kind = PLAIN
            if scope["method"] == "POST":
                self._answers.labels(status).inc()
                self._seconds.observe(time.perf_counter() - started)
            elif status == 200 and scope["path"] == "/metrics":
                kind = CONTENT_TYPE_LATEST.encode()
            await _respond(send, status, text, kind=kind)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._writer = asyncio.create_task(self._commit.run())
                self._nudger.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._writer is not None:
                    self._writer.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await self._writer
                self._nudger.stop()
                await self._look_ups.reset()
                await self._quarantine.reset()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        path: str = scope["path"]
        if path == "/healthz":
            return 200, b"alive\n"
        if path == "/readyz":
            return await self._ready()
        if path == "/metrics" and may_read(_single_header(scope, b"authorization") or "", self._metrics_token):
            return 200, generate_latest(self._registry)
        token = path.removeprefix("/hooks/").removesuffix("/")
        if not path.startswith("/hooks/") or not (20 <= len(token) <= 100) or "/" in token:
            return 404, b"There is nothing at this address.\n"
        method = scope["method"]
        if method in {"GET", "HEAD"}:
            return 200, WELCOME
        if method != "POST":
            return 405, b"Send webhooks by POST.\n"
        try:
            return await self._receive(token, scope, receive)
        except TooLarge:
            return 413, b"The body is larger than this address accepts.\n"
        except TooSlow:
            return 408, b"The body did not arrive in time. Please send it again.\n"
        except SenderLeft:
            return 400, b"The body was cut off.\n"
        except (NotStored, psycopg.Error, OSError):
            return 503, b"The delivery could not be stored. Please send it again.\n"
        except SealingError:
            logger.exception("The secrets of an inbox cannot be opened")
            return 503, b"The delivery could not be checked. Please send it again.\n"

    async def _ready(self) -> tuple[int, bytes]:
        try:
            async with self._look_ups.lock:
                await self._look_ups.execute("SELECT 1")
        except (psycopg.Error, OSError):
            return 503, b"not ready: database\n"
        return 200, b"ready\n"

    async def _receive(self, token: str, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Look up, read, judge, store. Raises what `_answer` turns into a status."""
        inbox = await self._inbox(token)
        if inbox is None:
            return 404, b"There is nothing at this address.\n"
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await self._body(scope, receive)
        except TimeoutError:
            raise TooSlow from None
        now = datetime.now(UTC)
        header = _single_header(scope, b"x-mw-signature")
        judgement = judge(inbox, header=header, body=body, now=now, tolerance=self._tolerance)
        delivery = self._delivery(inbox, judgement, scope=scope, body=body, now=now)
        if not judgement.refused:
            await self._commit.store(delivery)
            return 200, b"OK\n"
        kept = await quarantine(self._quarantine, delivery, reason=judgement.reason, limits=self._limits)
        if not kept:
            return 503, b"The quarantine of this address is full. Please send again later.\n"
        return 401, b"The signature does not match.\n"

    @staticmethod
    def _delivery(
        inbox: OpenInbox, judgement: Judgement, *, scope: Scope, body: bytes, now: datetime
    ) -> IncomingDelivery:
        return IncomingDelivery(
            network_id=inbox.network_id,
            id=new_id(),
            address_id=inbox.address_id,
            received_at=now,
            body=body,
            headers=kept_headers(scope["headers"]),
            verdict=judgement.verdict,
            verdict_reason=judgement.reason,
            signed_at=judgement.signed_at,
            nonce=judgement.nonce,
            recipe=judgement.recipe,
        )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._max_body:
            raise TooLarge
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise SenderLeft
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body:
                raise TooLarge
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks)

    async def _inbox(self, token: str) -> OpenInbox | None:
        """Return the inbox of a token, from a cache of a few seconds; unknown tokens are never cached."""
        key = token_hash(token)
        cached = self._cache.get(key)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        async with self._look_ups.lock:
            try:
                cursor = await self._look_ups.execute(LOOK_UP, [key])
                row = await cursor.fetchone()
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await self._look_ups.reset()
                cursor = await self._look_ups.execute(LOOK_UP, [key])
                row = await cursor.fetchone()
        if row is None:
            self._cache.pop(key, None)
            return None
        recipe = row[2]
        inbox = OpenInbox(
            address_id=row[0],
            network_id=row[1],
            recipe=Recipe.from_dict(recipe) if recipe else None,
            nonce_length=recipe.get("nonce_length") if recipe else None,
            secrets=tuple(self._sealer.open(sealed) for sealed in row[3]),
        )
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[key] = (time.monotonic() + CACHE_SECONDS, inbox)
        return inbox


def _single_header(scope: Scope, wanted: bytes) -> str | None:
    """Return the header's value; several such headers are joined, which no signature parser accepts as one."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ",".join(values) if values else None


async def _respond(send: Send, status: int, text: bytes, *, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(text)).encode())]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD, POST"))
    if status in {408, 413}:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def application() -> Receiver:
    """Build the receiver from the environment (see .env.example). Used as `uvicorn --factory`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings  # noqa: PLC0415 - settings are read when the process serves, not on import

    # The server's own log of requests holds their addresses, unless it is told to keep none.
    logging.getLogger("uvicorn.access").addFilter(RedactTokens())
    return Receiver(
        dsn=settings.DATABASE_RECEIVER_URL,
        sealer=Sealer(settings.PORTAL_SEALING_KEYS),
        nudger=Nudger(),
        max_body=settings.HOOKS_MAX_BODY_BYTES,
        tolerance=settings.HOOKS_TOLERANCE_SECONDS,
        limits=QuarantineLimits(
            entries=settings.QUARANTINE_MAX_ENTRIES,
            bytes=settings.QUARANTINE_MAX_BYTES,
            per_minute=settings.QUARANTINE_MAX_PER_MINUTE,
        ),
        metrics_token=settings.PORTAL_METRICS_TOKEN,
    )
