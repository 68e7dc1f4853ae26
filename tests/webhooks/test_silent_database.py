"""A database that neither answers nor refuses must not make the vendor wait for ever longer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import MutableMapping
from typing import Any

import psycopg
import pytest
from django.conf import settings

from portal.lib.scope import network_scope
from portal.lib.sealing import Sealer
from portal.webhooks.group_commit import QuarantineLimits
from portal.webhooks.models import Delivery
from portal.webhooks.nudge import Nudger
from portal.webhooks.receiver import Receiver
from tests.webhooks.serving import serving
from tests.world import World

SCOPE = {"type": "http", "path": "/hooks/" + "x" * 43 + "/", "method": "POST", "headers": []}


def test_those_who_wait_for_a_silent_database_are_answered_together() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        app = Receiver(
            dsn=f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none",
            sealer=Sealer(settings.PORTAL_SEALING_KEYS),
            nudger=Nudger(),
            limits=QuarantineLimits(entries=1, bytes=1, per_minute=1),
        )

        async def answer() -> int:
            sent: list[MutableMapping[str, Any]] = []

            async def receive() -> MutableMapping[str, Any]:
                return {"type": "http.request", "body": b"{}"}

            async def send(message: MutableMapping[str, Any]) -> None:
                sent.append(message)

            await app(dict(SCOPE), receive, send)
            return int(sent[0]["status"])

        async def all_answers() -> list[int]:
            return await asyncio.gather(*(answer() for _ in range(10)))

        started = time.monotonic()
        assert asyncio.run(all_answers()) == [503] * 10
        assert time.monotonic() - started < 8


class Line:
    """A line to the database that can fall silent without being cut, as when a host is lost."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._server.getsockname()[1]
        self._silent: set[socket.socket] = set()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Pass nothing more on over the connections that are open now."""
        self._silent = set(self._ends)

    def _accept(self) -> None:
        while True:
            ends = self._server.accept()[0], socket.create_connection(self._target)
            self._ends += ends
            for source, target in (ends, ends[::-1]):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self._silent:
                    target.sendall(data)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_fell_silent_is_given_up_and_a_new_one_stores(world: World) -> None:
    info = psycopg.conninfo.conninfo_to_dict(settings.DATABASE_RECEIVER_URL)
    line = Line(str(info["host"]), int(info["port"] or 5432))
    dsn = psycopg.conninfo.make_conninfo(settings.DATABASE_RECEIVER_URL, port=line.port, host="127.0.0.1")
    with serving(dsn=dsn) as client:
        assert client.post(world.foundry.path, content=b'{"number": 1}').status_code == 200
        line.fall_silent()
        answer = client.post(world.foundry.path, content=b'{"number": 2}', timeout=20)
        assert answer.status_code == 200
    with network_scope(world.foundry.network.id):
        assert sorted(bytes(delivery.body) for delivery in Delivery.objects.all()) == [
            b'{"number": 1}',
            b'{"number": 2}',
        ]
