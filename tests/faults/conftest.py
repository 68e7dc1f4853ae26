"""A whole product to break, on data and ports of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from portal.dev.preflight import free_ports
from tests.browser.conftest import PASSED_ON, ROOT, START_SECONDS


@pytest.fixture
def product(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Run the whole product on data of its own; yield its data folder and what run.json says."""
    data, said = tmp_path / "data", tmp_path / "up.log"
    data.mkdir()
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.dev.up", "--port", str(free_ports(3))],
            cwd=ROOT, env=environment_of(data), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Portal ready" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.2)
        yield data, json.loads((data / "run.json").read_text())
    finally:
        process.terminate()
        process.wait(timeout=60)


def environment_of(data: Path) -> dict[str, str]:
    """Return the environment of a product's processes, and of commands beside it.

    The addresses that the harness set for this process would make the product use its database.
    """
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    settings = {"PORTAL_LEASE_SECONDS": "36", "PORTAL_CALL_SECONDS": "30", "PORTAL_API_CALLS_PER_MINUTE": "0"}
    return environment | {"PORTAL_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"} | settings


def kill_processes(data: Path, word: str) -> None:
    """kill -9 every process of this product whose command line holds `word`."""
    killed = 0
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
            if word in line and "-m" in line and process.environ().get("PORTAL_DATA_DIR") == str(data):
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
        except psutil.Error:
            continue
    assert killed, f"no process with {word} was found"


def kill_pid_file(path: Path) -> None:
    """kill -9 the process that a pid file names."""
    os.kill(int(path.read_text().split()[0]), signal.SIGKILL)
