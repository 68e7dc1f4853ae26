"""Stores deliveries durably, many requests to one commit. Plain psycopg, as the receiver role, no Django models."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg

logger = logging.getLogger(__name__)

MAX_BATCH_ROWS = 500
PAUSE_SECONDS = 0.2  # between two attempts to connect
ANSWER_SECONDS = 6.0  # PostgreSQL ends each of our statements itself before that
MAX_BATCH_BYTES = 16 * 1024 * 1024

STORE = """
WITH incoming AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::bytea[], %s::text[], %s::text[],
        %s::text[], %s::timestamptz[], %s::text[], %s::text[])
    AS t (network_id, id, address_id, received_at, body, headers, verdict, verdict_reason, signed_at, nonce, recipe)
), stored AS (
    INSERT INTO webhooks_delivery (network_id, id, address_id, received_at, body, headers, verdict, verdict_reason,
        signed_at, nonce, recipe, from_quarantine)
    SELECT network_id, id, address_id, received_at, body, headers::jsonb, verdict, verdict_reason, signed_at, nonce,
        recipe, false FROM incoming ON CONFLICT DO NOTHING
)
INSERT INTO webhooks_processing (network_id, delivery_id, state, verdict, repeat, attempts, error, updated_at)
SELECT network_id, id, 'waiting', verdict, false, 0, '', received_at FROM incoming ON CONFLICT DO NOTHING
"""
QUARANTINE = "SELECT portal_quarantine_store(%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s)"


Cursor = psycopg.AsyncCursor[tuple[Any, ...]]


class NotStored(Exception):
    """The delivery is not in the database, as far as anybody can tell: the sender must try again."""


@dataclass(frozen=True, slots=True)
class IncomingDelivery:
    """A delivery on its way into the database, already judged."""

    network_id: UUID
    id: UUID
    address_id: UUID
    received_at: datetime
    body: bytes
    headers: str  # JSON
    verdict: str
    verdict_reason: str
    signed_at: datetime | None
    nonce: str | None
    recipe: str


@dataclass(frozen=True, slots=True)
class QuarantineLimits:
    """Bounds of one network's quarantine."""

    entries: int
    bytes: int
    per_minute: int


class Connection:
    """One connection of the receiver role, opened when first used and again after it broke."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection | None = None
        self._not_before = 0.0
        self.lock = asyncio.Lock()

    async def get(self) -> psycopg.AsyncConnection:
        """Return an open connection in autocommit mode. Raises psycopg.OperationalError.

        Whoever waited while an attempt failed shares its failure: each would wait as long again, one after the other.
        """
        if self._connection is None or self._connection.closed or self._connection.broken:
            if time.monotonic() < self._not_before:
                raise psycopg.OperationalError
            try:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True, connect_timeout=3, application_name="portal receiver",
                    options="-c statement_timeout=5000",
                )  # fmt: skip
            except psycopg.OperationalError:
                self._not_before = time.monotonic() + PAUSE_SECONDS
                raise
        return self._connection

    async def execute(self, statement: LiteralString, values: Sequence[Any] = (), *, binary: bool = False) -> Cursor:
        """Run a statement; raises psycopg.OperationalError also where a lost host never says that it is lost."""
        connection = await self.get()
        running = asyncio.ensure_future(connection.execute(statement, values, binary=binary))
        try:
            done, _ = await asyncio.wait({running}, timeout=ANSWER_SECONDS)
            if not done:
                # Psycopg waits for the end of the line, also when it is cancelled: so end the line.
                with socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
                    line.shutdown(socket.SHUT_RDWR)
            return await running
        except asyncio.CancelledError:
            running.cancel()
            raise

    async def reset(self) -> None:
        """Close what may be broken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()


class GroupCommit:
    """Collects deliveries while one commit is under way, and stores them together in the next."""

    def __init__(self, dsn: str, *, stored: Callable[[set[UUID]], None]) -> None:
        """`stored` is told the networks of each committed batch; it must return at once."""
        self._connection = Connection(dsn)
        self._stored = stored
        self._waiting: list[tuple[IncomingDelivery, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    async def store(self, delivery: IncomingDelivery) -> None:
        """Return when `delivery` is durably stored; raise NotStored when it is not."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, future))
        self._arrived.set()
        await future

    async def run(self) -> None:
        """Store batches for ever; cancelled at shutdown, after which nothing is acknowledged any more."""
        while True:
            await self._arrived.wait()
            batch = self._take()
            try:
                await self._store_batch(batch)
            except Exception:
                logger.exception("A batch of %d deliveries could not be stored", len(batch))
                self._refuse(batch)

    def _take(self) -> list[tuple[IncomingDelivery, asyncio.Future[None]]]:
        size = count = 0
        for delivery, _ in self._waiting[:MAX_BATCH_ROWS]:
            size += len(delivery.body)
            if count and size > MAX_BATCH_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting:
            self._arrived.clear()
        return batch

    async def _store_batch(self, batch: list[tuple[IncomingDelivery, asyncio.Future[None]]]) -> None:
        try:
            await self._write([delivery for delivery, _ in batch])
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            logger.warning("Storing failed (%s); trying once more on a new connection", type(error).__name__)
            await self._connection.reset()
            try:
                # The first try may have been committed: the ids are the same, so nothing is stored twice.
                await self._write([delivery for delivery, _ in batch])
            except psycopg.Error as again:
                logger.error("Storing %d deliveries failed: %s", len(batch), type(again).__name__)
                await self._connection.reset()
                self._refuse(batch)
                return
        except psycopg.Error as error:
            # One poisoned delivery must not harm its neighbours.
            logger.warning("A batch of %d was refused (%s); storing one by one", len(batch), type(error).__name__)
            await self._store_singly(batch)
            return
        self._acknowledge(batch)

    async def _store_singly(self, batch: list[tuple[IncomingDelivery, asyncio.Future[None]]]) -> None:
        for item in batch:
            try:
                await self._write([item[0]])
            except psycopg.Error as error:
                logger.error("Delivery %s was not stored: %s", item[0].id, type(error).__name__)
                self._refuse([item])
                await self._connection.reset()
            else:
                self._acknowledge([item])

    async def _write(self, rows: list[IncomingDelivery]) -> None:
        columns = [
            [getattr(row, name) for row in rows]
            for name in (
                "network_id", "id", "address_id", "received_at", "body", "headers", "verdict", "verdict_reason",
                "signed_at", "nonce", "recipe",
            )
        ]  # fmt: skip
        await self._connection.execute(STORE, columns, binary=True)

    def _acknowledge(self, batch: list[tuple[IncomingDelivery, asyncio.Future[None]]]) -> None:
        for _, future in batch:
            if not future.done():
                future.set_result(None)
        self._stored({delivery.network_id for delivery, _ in batch})

    def _refuse(self, batch: list[tuple[IncomingDelivery, asyncio.Future[None]]]) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(NotStored())


async def quarantine(
    connection: Connection, delivery: IncomingDelivery, *, reason: str, limits: QuarantineLimits
) -> bool:
    """Keep a refused delivery; return False when the network's quarantine is full. Raises NotStored."""
    async with connection.lock:
        try:
            cursor = await connection.execute(
                QUARANTINE,
                [
                    delivery.network_id, delivery.id, delivery.address_id, delivery.received_at, reason,
                    delivery.body, delivery.headers, limits.entries, limits.bytes, limits.per_minute,
                ],
            )  # fmt: skip
            row = await cursor.fetchone()
        except psycopg.Error as error:
            await connection.reset()
            raise NotStored from error
    return bool(row and row[0])
