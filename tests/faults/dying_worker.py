"""A worker that dies at the statement it is told to: `python -m tests.faults.dying_worker`, for one test.

Each line of its input, `<n> <network id>`, makes a fresh process that does what the tasks of Celery do for a network,
and kills itself with SIGKILL at its n-th point; 0 = never. There is a point before everything whose effect stays when a
process dies: each statement, each end of a transaction, each request to the vendor. So whoever dies at the next point
died after the last one. Each answer is a line of JSON.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import UUID

import django
import httpx
import psycopg

from integrations.http import vendor_client

POINTS = (
    (psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"), (psycopg.Cursor, "copy"),
    (psycopg.Connection, "commit"), (psycopg.Connection, "rollback"), (httpx.HTTPTransport, "handle_request"),
)  # fmt: skip


class Fate:
    """Counts points, and ends the process at the chosen one."""

    def __init__(self, dies_at: int, say: int) -> None:
        self.dies_at, self.say, self.points = dies_at, say, 0

    def point(self, name: str) -> None:
        self.points += 1
        if self.points == self.dies_at:
            os.write(self.say, json.dumps({"died": name, "points": self.points}).encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: type, name: str) -> None:
        """Put a point before each call of a method."""
        real: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(real)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.point(f"before {name} {str(args[1])[:60] if len(args) > 1 else ''}".rstrip())
            return real(*args, **kwargs)

        setattr(owner, name, watched)


def work(network_id: UUID, fate: Fate) -> None:
    """Do what a worker does for a network with something to send, or die."""
    background = import_module("portal.jobs.background")
    for owner, name in POINTS:
        fate.watch(owner, name)
    background.send(str(network_id))
    background.confirm(str(network_id))
    os.write(fate.say, json.dumps({"died": "", "points": fate.points}).encode())


def main() -> None:
    django.setup()
    # Once, before the first fork: each would take longer than what is tested.
    import_module("portal.jobs.background")
    vendor_client("http://127.0.0.1:1", api_key="none").close()
    for line in sys.stdin:
        dies_at, network_id = line.split()
        heard, say = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(heard)
            status = 1
            try:
                work(UUID(network_id), Fate(int(dies_at), say))
                status = 0
            finally:
                os._exit(status)
        os.close(say)
        _pid, status = os.waitpid(child, 0)
        with os.fdopen(heard) as told:
            answer = json.loads(told.read() or '{"died": "an error", "points": 0}')
        sys.stdout.write(json.dumps(answer | {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
