"""Generates load: realistic signed events over keep-alive connections, counting every answer.

`simulate` behaves as the vendor does (three attempts, any answer but 200 is a failure), survives a receiver that is
killed meanwhile, and says which events were acknowledged, so that a test can prove that none of those is lost.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from integrations.mobility_work.signature import CANDIDATES, sign
from integrations.sandbox import bodies
from integrations.sandbox.bodies import Body
from integrations.sandbox.courier import USER_AGENT
from integrations.sandbox.plant import Plant

_PLACEHOLDER_NETWORK = "00000000-0000-4000-8000-000000000000"


@dataclass(slots=True)
class LoadResult:
    """What came back. `acknowledged` holds the `_idempotencyKey` of every event that got a 200."""

    events: int
    seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)  # by status, every attempt counted
    errors: Counter[str] = field(default_factory=Counter)  # connection errors and time-outs, by name
    acknowledged: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)  # three attempts, never a 200
    latencies: list[float] = field(default_factory=list, repr=False)  # seconds, answered attempts only

    @property
    def rate(self) -> float:
        """Acknowledged events a second."""
        return len(self.acknowledged) / self.seconds if self.seconds else 0.0

    @property
    def p50_ms(self) -> float:
        return self._percentile(0.50)

    @property
    def p99_ms(self) -> float:
        return self._percentile(0.99)

    def _percentile(self, share: float) -> float:
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def make_events(
    count: int, *, network_id: str | None = None, seed: str | None = None, until: datetime | None = None
) -> list[tuple[str, bytes]]:
    """So many events of one plant's life, as (idempotency key, body); keys are unique, chains are whole.

    Without a network id the bodies carry none, which the vendor allows. Without a seed every call tells another life.
    """
    seed = seed or f"load/{random.SystemRandom().getrandbits(64):x}"
    plant = Plant(seed=seed, language="en", network_id=network_id or _PLACEHOLDER_NETWORK)
    at = (until or datetime.now(UTC)).replace(microsecond=0) - timedelta(seconds=count // 50 + 1)
    prefix = f"{plant.random.getrandbits(40):010x}"
    made: list[tuple[str, bytes]] = []
    while len(made) < count:
        for body in plant.step(at, hurried=True):
            key = f"{prefix}-{len(made)}"
            made.append((key, _encode(body, key, network_id)))
        if len(made) % 50 < 3:
            at += timedelta(seconds=1)
    return made[:count]


def _encode(body: Body, key: str, network_id: str | None) -> bytes:
    body["_idempotencyKey"] = key
    if network_id is None:
        del body["networkId"]
    return bodies.encode(body)


class _Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time, parsed in C."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"unreadable answer: {type(error).__name__}"))
            self.close()

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._fail(exc or ConnectionResetError("closed before the answer"))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    @property
    def usable(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def send(self, request: bytes, loop: asyncio.AbstractEventLoop) -> int:
        if self.transport is None:
            raise ConnectionResetError("not connected")
        self._waiting = loop.create_future()
        self.transport.write(request)
        return await self._waiting


class _Load:
    """One run: workers take the next event when its time has come."""

    def __init__(
        self,
        *,
        hook_url: str,
        secret: str | None,
        rate: float | None,
        work: Sequence[tuple[str, bytes]],
        attempts: int,
        retry_pause: float,
        timeout: float,
        recipe: int,
        progress: Callable[[LoadResult], None] | None,
    ) -> None:
        parts = urlsplit(hook_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("The webhook address starts with http:// or https://.")
        self._host, self._tls = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nUser-Agent: {USER_AGENT}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._secret, self._recipe = secret, CANDIDATES[recipe]
        self._nonce = f"{random.SystemRandom().getrandbits(64):016x}"
        self._rate, self._work = rate, work
        self._attempts, self._pause, self._timeout = attempts, retry_pause, timeout
        self._progress = progress
        self._next = 0
        self._started = 0.0
        self.result = LoadResult(len(work))

    async def run(self, connections: int) -> LoadResult:
        self._started = time.perf_counter()
        reporter = asyncio.create_task(self._report()) if self._progress else None
        try:
            await asyncio.gather(*(self._worker() for _ in range(max(1, connections))))
        finally:
            self.result.seconds = time.perf_counter() - self._started
            if reporter:
                reporter.cancel()
        return self.result

    async def _report(self) -> None:
        while self._progress is not None:
            await asyncio.sleep(1)
            self.result.seconds = time.perf_counter() - self._started
            self._progress(self.result)

    async def _worker(self) -> None:
        loop = asyncio.get_running_loop()
        connection: _Connection | None = None
        while self._next < len(self._work):
            number, self._next = self._next, self._next + 1
            if self._rate:
                early = self._started + number / self._rate - time.perf_counter()
                if early > 0:
                    await asyncio.sleep(early)
            connection = await self._deliver(number, connection, loop)
        if connection is not None:
            connection.close()

    async def _deliver(
        self, number: int, connection: _Connection | None, loop: asyncio.AbstractEventLoop
    ) -> _Connection | None:
        """Up to three attempts for one event; hands back the connection if it is still good."""
        key, body = self._work[number]
        result = self.result
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(self._pause)
            try:
                if connection is None or not connection.usable:
                    connection = await self._connect(loop)
                started = time.perf_counter()
                async with asyncio.timeout(self._timeout):
                    status = await connection.send(self._request(number, attempt, body), loop)
            except (OSError, TimeoutError) as error:
                result.errors[type(error).__name__] += 1
                if connection is not None:
                    connection.close()
                    connection = None
                continue
            result.latencies.append(time.perf_counter() - started)
            result.answers[status] += 1
            if status == 200:
                result.acknowledged.append(key)
                return connection
        result.given_up.append(key)
        return connection

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        context = ssl.create_default_context() if self._tls else None
        async with asyncio.timeout(self._timeout):
            _, connection = await loop.create_connection(_Connection, self._host, self._port, ssl=context)
        return connection

    def _request(self, number: int, attempt: int, body: bytes) -> bytes:
        """Signed at the moment of sending, so that a long run does not go stale."""
        head = b"%b%d\r\n" % (self._head, len(body))
        if self._secret is None:
            return b"%b\r\n%b" % (head, body)
        nonce = f"{self._nonce}{number:08x}{attempt:x}"
        header = sign(self._recipe, self._secret, t=int(time.time()), nonce=nonce, body=body)
        return b"%bX-MW-Signature: %b\r\n\r\n%b" % (head, header.encode(), body)


async def simulate(
    hook_url: str,
    secret: str | None,
    rate: float | None,
    events: int | Sequence[tuple[str, bytes]],
    connections: int = 16,
    *,
    network_id: str | None = None,
    attempts: int = 3,
    retry_pause: float = 1.0,
    timeout: float = 10.0,
    recipe: int = 0,
    progress: Callable[[LoadResult], None] | None = None,
) -> LoadResult:
    """Send so many events (or the given ones) to a webhook address; no rate means as fast as it goes."""
    work = make_events(events, network_id=network_id) if isinstance(events, int) else events
    load = _Load(
        hook_url=hook_url,
        secret=secret,
        rate=rate,
        work=work,
        attempts=attempts,
        retry_pause=retry_pause,
        timeout=timeout,
        recipe=recipe,
        progress=progress,
    )
    return await load.run(connections)


def run(
    hook_url: str,
    secret: str | None,
    rate: float | None,
    events: int | Sequence[tuple[str, bytes]],
    connections: int = 16,
    *,
    network_id: str | None = None,
    retry_pause: float = 1.0,
    progress: Callable[[LoadResult], None] | None = None,
) -> LoadResult:
    """`simulate` for callers without an event loop, on the fast one."""
    return uvloop.run(
        simulate(
            hook_url,
            secret,
            rate,
            events,
            connections,
            network_id=network_id,
            retry_pause=retry_pause,
            progress=progress,
        )
    )
