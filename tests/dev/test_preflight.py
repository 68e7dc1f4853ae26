"""A run that cannot start says in one sentence why and what to do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.dev import preflight
from portal.dev.preflight import CannotRun, RunLock, check_ports, free_ports, stop_other_run

HOLDER = """
import pathlib, sys, time
from portal.dev.preflight import RunLock
RunLock(pathlib.Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program of somebody else that listens on some port, with two free ports before it and after it."""
    taken = free_ports(5) + 2
    with socket.socket() as program:
        program.bind(("127.0.0.1", taken))
        program.listen()
        yield program


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another run on the same data folder."""
    yield from held(tmp_path, HOLDER)


@pytest.fixture
def deaf_holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another run, which hangs and does not hear SIGTERM."""
    yield from held(tmp_path, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HOLDER)


def held(data: Path, program: str) -> Iterator[subprocess.Popen[str]]:
    """Run `program` until the test is over; yields it when it has the lock."""
    process = subprocess.Popen([sys.executable, "-c", program, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(("offset", "what"), [(0, "the portal"), (1, "the sandbox"), (2, "the receiver")])
def test_each_of_the_three_ports_is_checked(listener: socket.socket, offset: int, what: str) -> None:
    taken = listener.getsockname()[1]

    with pytest.raises(CannotRun) as refusal:
        check_ports(taken - offset)

    assert str(refusal.value) == (
        f"Port {taken}, meant for {what}, is in use by another program. "
        f"Stop that program, or choose other ports: make run PORT={taken - offset + 100}"
    )


def test_ports_that_become_free_in_time_are_taken(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.time, "sleep", lambda seconds: listener.close())

    check_ports(listener.getsockname()[1], patience=5)


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(CannotRun, match=f"running already on .* \\(process {holder.pid}\\)"):
        RunLock(tmp_path).take()


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    lock = RunLock(tmp_path)

    lock.take()

    assert lock.after_a_kill
    assert lock.holder() == os.getpid()
    lock.release()


def test_a_lock_that_was_given_back_leaves_no_trace(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    first.take()
    first.release()
    second = RunLock(tmp_path)

    second.take()

    assert not second.after_a_kill
    second.release()


def test_make_stop_ends_the_other_run(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert stop_other_run(tmp_path)

    assert holder.wait(timeout=5) == -signal.SIGTERM


def test_make_stop_without_a_run_is_no_error(tmp_path: Path) -> None:
    assert not stop_other_run(tmp_path)


def test_a_run_that_does_not_stop_is_named(
    tmp_path: Path, deaf_holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "STOP_SECONDS", 0.2)

    with pytest.raises(CannotRun, match=f"kill -9 {deaf_holder.pid}"):
        stop_other_run(tmp_path)
