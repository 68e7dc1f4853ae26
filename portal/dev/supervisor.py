"""Starts the processes of a run, restarts those that die, and stops them all, also one that hangs."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
GRACE_SECONDS = 6.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before forking


def die_with_parent() -> None:
    """Ask Linux to end this child when the supervisor is killed, so that no orphan holds a port."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Child:
    """One process of the run."""

    name: str
    command: Sequence[str]
    log: Path
    environment: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    next_start: float = 0.0
    started_at: float = 0.0

    def start(self) -> None:
        """Start it in a process group of its own, writing to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no thread runs here
            )
        self.started_at = time.monotonic()

    def running(self) -> bool:
        """Tell whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole process group."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return


class Supervisor:
    """Keeps children running until told to stop."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._children: list[Child] = []
        self._say = say
        self.stopping = False

    def start(self, child: Child) -> None:
        """Start a child and look after it."""
        self._children.append(child)
        child.start()

    def dead(self) -> list[Child]:
        """Return the children that do not run at this moment."""
        return [child for child in self._children if not child.running()]

    def watch(self, also: Callable[[], None]) -> None:
        """Restart what dies, with a growing pause, and do `also`, again and again until `stopping` is set."""
        while not self.stopping:
            self.tend()
            also()
            time.sleep(0.2)

    def tend(self) -> None:
        """Look at every child once."""
        now = time.monotonic()
        for child in self._children:
            if child.running() or self.stopping:
                continue
            if child.next_start == 0.0:
                if now - child.started_at > LONGEST_PAUSE:
                    child.pause = FIRST_PAUSE
                code = child.process.returncode if child.process else None
                child.signal(signal.SIGKILL)  # what it started itself must not hold its port
                self._say(
                    f"{child.name} ended (code {code}); starting it again in {child.pause:.0f} s. See {child.log}"
                )
                child.next_start = now + child.pause
                child.pause = min(child.pause * 2, LONGEST_PAUSE)
            elif now >= child.next_start:
                child.next_start = 0.0
                child.start()

    def stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """Ask all children to end, then make those end that do not."""
        self.stopping = True
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and any(child.running() for child in self._children):
            time.sleep(0.05)
        for child in self._children:
            if child.running():
                self._say(f"{child.name} did not end by itself; ending it")
            child.signal(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
