"""kill -9 on every process while events arrive: no acknowledged event is lost, and none is recorded twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from integrations.sandbox import load
from portal.dev.engines import start_postgres
from tests.faults.conftest import kill_pid_file, kill_processes

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

RATE = 80.0
PAUSE_SECONDS = 5.0  # between two kills, and after the last
RETRY_SECONDS = 4.0  # a killed receiver is back within the three attempts
DRAINED_SECONDS = 90.0
COMMANDS = {
    "receiver": "portal.webhooks.receiver:application",
    "worker": "worker",
    "beat": "beat",
    "web": "portal.wsgi",
}


def victims(data: Path) -> dict[str, Callable[[], None]]:
    """Return what to kill, by name."""
    postgres = start_postgres(data)  # adopts the running one
    found: dict[str, Callable[[], None]] = {
        name: (lambda word=word: kill_processes(data, word)) for name, word in COMMANDS.items()
    }
    found["broker"] = lambda: kill_pid_file(data / "valkey" / "valkey.pid")
    found["database"] = lambda: kill_pid_file(postgres.home / "data" / "postmaster.pid")
    return found


def owner_url(data: Path) -> str:
    """Return the owner role's address of the product's database."""
    return dict(line.split("=", 1) for line in (data / "env").read_text().splitlines())["DATABASE_OWNER_URL"]


def recorded_keys(url: str, vendor_network_id: str) -> Counter[str]:
    """Return the idempotency keys of a network's events, from their raw bytes, and how often each is there."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT convert_from(e.raw, 'UTF8')::jsonb ->> '_idempotencyKey' FROM timeline_event e"
            " JOIN networks_network n ON n.id = e.network_id WHERE n.vendor_network_id = %s"
            " AND convert_from(e.raw, 'UTF8') LIKE '%%_idempotencyKey%%'",
            [vendor_network_id],
        ).fetchall()
    return Counter(row[0] for row in rows)


def waiting(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM webhooks_processing WHERE state = 'waiting'").fetchone()
    return int(row[0]) if row else 0


def test_no_acknowledged_event_is_lost_whatever_is_killed(product: tuple[Path, dict[str, Any]]) -> None:
    data, run = product
    url = owner_url(data)
    network = run["networks"][0]
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT vendor_network_id::text FROM networks_network WHERE slug = %s", [network["slug"]]
        ).fetchone()
    assert row
    targets = victims(data)
    events = int(RATE * PAUSE_SECONDS * (len(targets) + 1))
    results: list[load.LoadResult] = []

    def send() -> None:
        results.append(
            load.run(
                network["hook_url"], network["webhook_secret"], RATE, events, 8,
                network_id=row[0], retry_pause=RETRY_SECONDS,
            )
        )  # fmt: skip

    sender = threading.Thread(target=send)
    sender.start()
    for name, kill in targets.items():
        time.sleep(PAUSE_SECONDS)
        print(f"kill -9 {name}", flush=True)
        kill()
    sender.join(timeout=200)
    assert results, "the load did not end"
    result = results[0]
    print(f"{len(result.acknowledged)} acknowledged, {dict(result.answers)}, {dict(result.errors)}", flush=True)
    # The kills were felt, and most events arrived all the same: otherwise nothing is proved.
    assert result.errors or result.answers[503]
    assert len(result.acknowledged) > events * 0.5

    deadline = time.monotonic() + DRAINED_SECONDS
    while (left := waiting(url)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert left == 0
    recorded = recorded_keys(url, row[0])
    assert [key for key in result.acknowledged if recorded[key] == 0] == []
    assert [key for key in result.acknowledged if recorded[key] > 1] == []
