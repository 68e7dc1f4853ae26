"""A database that neither answers nor refuses must not make the vendor wait for ever longer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from portal.lib.sealing import Sealer
from portal.webhooks.group_commit import QuarantineLimits
from portal.webhooks.nudge import Nudger
from portal.webhooks.receiver import Receiver

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
