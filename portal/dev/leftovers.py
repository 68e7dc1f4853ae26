"""Ends what a killed run left running, and removes what runs keep: `make stop`, `make clean`."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from portal.dev.engines import Valkey, running_postgres
from portal.dev.preflight import RunLock, stop_other_run

SHUTDOWN_SECONDS = 10.0
# Only these are ours: the folder may have been chosen by somebody and hold other things as well.
STATE = (
    "celerybeat-schedule*", "demo-begun", "demo.json", "env", "logs", "outbox", "postgres", "postgres-home",
    "run.json", "run.lock", "sandbox", "secrets.json", "static", "valkey",
)  # fmt: skip


def postgres_home(data: Path) -> Path:
    """Return the folder of the server that belongs to `data` (elsewhere for root, see engines)."""
    kept = data / "postgres-home"
    return Path(kept.read_text().strip()) if kept.exists() else data / "postgres"


def stop_engines(data: Path) -> bool:
    """Stop the engines that belong to `data`; return whether one was running. Needs no run to be alive."""
    found = (data / "valkey" / "valkey.pid").exists()
    Valkey(home=data / "valkey", port=0, password="").stop()
    folder = postgres_home(data) / "data"
    for number in (signal.SIGINT, signal.SIGQUIT):  # PostgreSQL's fast, then its immediate shutdown
        if running_postgres(folder) is None:
            break
        found = True
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may end by itself at this moment
            os.kill(int((folder / "postmaster.pid").read_text().splitlines()[0]), number)
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while running_postgres(folder) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
    return found


def stop_all(data: Path) -> bool:
    """Stop the run on `data`, or the engines that a killed one left; return whether anything ran."""
    was_running = stop_other_run(data)
    lock = RunLock(data)
    lock.take()
    try:
        return stop_engines(data) or was_running
    finally:
        (data / "run.json").unlink(missing_ok=True)
        lock.release()


def remove_state(data: Path) -> None:
    """Stop everything and remove what runs keep in `data`, the database included."""
    stop_all(data)
    home = postgres_home(data)
    if home.name.startswith("portal-postgres-") and not home.is_symlink():
        shutil.rmtree(home, ignore_errors=True)
    for pattern in STATE:
        for path in data.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
