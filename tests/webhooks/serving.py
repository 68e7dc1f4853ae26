"""Runs the receiver on a real socket, in a thread of the test process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from django.conf import settings

from portal.lib.sealing import Sealer
from portal.webhooks.group_commit import QuarantineLimits
from portal.webhooks.nudge import Nudger
from portal.webhooks.receiver import Receiver


@contextmanager
def serving(*, limits: QuarantineLimits | None = None, **options: Any) -> Iterator[httpx.Client]:
    """Yield a client whose base address is a running receiver."""
    app = Receiver(
        dsn=options.pop("dsn", settings.DATABASE_RECEIVER_URL),
        sealer=Sealer(settings.PORTAL_SEALING_KEYS),
        nudger=Nudger(),
        limits=limits or QuarantineLimits(entries=100, bytes=1_000_000, per_minute=100),
        **options,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
