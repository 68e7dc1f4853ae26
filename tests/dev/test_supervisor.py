"""The supervisor restarts what dies and ends everything, whatever its children do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.dev.supervisor import Child, Supervisor

SLEEP = "import time; time.sleep(600)"
HANG = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait until `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Tell whether the process has ended (also if nobody has asked for its result)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    running = Supervisor(say=said.append)
    yield running
    running.stop(grace=0.1)


def child(tmp_path: Path, name: str, program: str) -> Child:
    """Return a little Python program as a child, restarted after a moment."""
    return Child(name, [sys.executable, "-c", program], tmp_path / f"{name}.log", dict(os.environ), pause=0.1)


def pid_of(one: Child) -> int:
    assert one.process is not None
    return one.process.pid


def test_a_killed_child_is_started_again(tmp_path: Path, supervisor: Supervisor, said: list[str]) -> None:
    web = child(tmp_path, "web", SLEEP)
    supervisor.start(web)
    first = pid_of(web)

    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.tend() or (web.running() and pid_of(web) != first))

    assert said == [f"web ended (code -9); starting it again in 0 s. See {web.log}"]


def test_a_child_that_dies_again_and_again_is_given_longer_pauses(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    worker = child(tmp_path, "worker", "print('no luck'); raise SystemExit(3)")
    supervisor.start(worker)

    until(lambda: supervisor.tend() or len(said) == 3)

    assert worker.pause == pytest.approx(0.8)
    assert "code 3" in said[0]
    assert worker.log.read_text().count("no luck") == 3


def test_a_long_healthy_child_starts_again_at_once(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = child(tmp_path, "worker", "raise SystemExit(0)")
    worker.pause = 16.0
    supervisor.start(worker)
    until(lambda: not worker.running())
    worker.started_at -= 31

    supervisor.tend()

    assert worker.pause == 2.0
    assert worker.next_start - time.monotonic() <= 1.0


def test_stopping_ends_all_also_one_that_hangs(tmp_path: Path, supervisor: Supervisor, said: list[str]) -> None:
    polite, deaf = child(tmp_path, "polite", SLEEP), child(tmp_path, "deaf", HANG)
    supervisor.start(polite)
    supervisor.start(deaf)
    until(lambda: "deaf" in deaf.log.read_text())

    supervisor.stop(grace=0.3)

    assert gone(pid_of(polite))
    assert gone(pid_of(deaf))
    assert said == ["deaf did not end by itself; ending it"]


def test_what_a_child_started_ends_with_it(tmp_path: Path, supervisor: Supervisor) -> None:
    parent = child(
        tmp_path,
        "web",
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {HANG!r}]); print(p.pid, flush=True); "
        "p.wait()",
    )
    supervisor.start(parent)
    until(lambda: "deaf" in parent.log.read_text())
    grandchild = int(parent.log.read_text().split()[0])

    supervisor.stop(grace=0.2)

    until(lambda: gone(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed parent")
def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    program = f"""
import os, pathlib, sys, time
from portal.dev.supervisor import Child, Supervisor
one = Child("web", [sys.executable, "-c", {HANG!r}], pathlib.Path({str(tmp_path / "web.log")!r}), dict(os.environ))
Supervisor(say=print).start(one)
print(one.process.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    until(lambda: "deaf" in (tmp_path / "web.log").read_text())

    parent.kill()
    parent.wait()

    until(lambda: gone(orphan))
