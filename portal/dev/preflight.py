"""What must hold before a run starts: one run per data folder, and its three ports free."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import socket
import time
from pathlib import Path

# A run that was killed leaves its ports in use for as long as the last of its processes needs to notice.
LEFTOVER_SECONDS = 8.0
STOP_SECONDS = 30.0
SERVER_PORTS = range(20000, 30000)


class CannotRun(Exception):
    """The product cannot be started; the text says why and what to do."""


class RunLock:
    """The lock of a data folder, which the system releases however its holder ends."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._path = data / "run.lock"
        self._descriptor: int | None = None
        self.after_a_kill = False

    def take(self) -> None:
        """Take the lock; `after_a_kill` then tells whether its last holder ended without giving it back."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            message = (
                f"The product is running already on {self._data} (process {self.holder() or 'starting'}). "
                "Stop it with Ctrl-C there or with `make stop`, or set PORTAL_DATA_DIR to another folder."
            )
            raise CannotRun(message) from None
        self.after_a_kill = self.holder() is not None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """Return the process that wrote its number last, if it did not give the lock back."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return None


def check_ports(port: int, *, patience: float = 0.0) -> None:
    """Raise CannotRun when one of the three ports is taken for longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    for number, what in ((port, "the portal"), (port + 1, "the sandbox"), (port + 2, "the receiver")):
        while not port_is_free(number):
            if time.monotonic() >= deadline:
                message = (
                    f"Port {number}, meant for {what}, is in use by another program. "
                    f"Stop that program, or choose other ports: make run PORT={port + 100}"
                )
                raise CannotRun(message)
            time.sleep(0.1)


def port_is_free(number: int) -> bool:
    """Tell whether we could listen on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def free_ports(count: int) -> int:
    """Return the first of `count` adjacent ports that are free at this moment.

    Taken from below the ports that systems give to outgoing connections (32768 and up on Linux): one of those could be
    in use again before the server that wants it has started.
    """
    while True:
        first = secrets.choice(SERVER_PORTS)
        if all(port_is_free(first + offset) for offset in range(count)):
            return first


def stop_other_run(data: Path) -> bool:
    """End the run that holds the lock of `data`, and wait for it; return whether there was one."""
    lock = RunLock(data)
    deadline = time.monotonic() + STOP_SECONDS
    asked = False
    while True:
        try:
            lock.take()
        except CannotRun:
            holder = lock.holder()
            if time.monotonic() > deadline:
                message = (
                    f"Process {holder} did not stop within {STOP_SECONDS:.0f} seconds. End it with: kill -9 {holder}"
                )
                raise CannotRun(message) from None
            if holder and not asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder, signal.SIGTERM)
                asked = True
            time.sleep(0.1)
        else:
            lock.release()
            return asked
