"""kill -9 and lost answers while tasks are sent: none is made twice, and every row says what is known of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from portal.dev.engines import start_postgres
from portal.lib.tabular import write_xlsx
from tests.browser.conftest import ROOT
from tests.faults.conftest import environment_of, kill_pid_file, kill_processes

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

TASKS = 300
HEADING = ("Equipment", "Description", "Start", "End", "Assigned to")
LOST_SECONDS = 5  # a call hangs for so long, its effect done: time to kill whoever waits for it
END_SECONDS = 300.0


def manage(data: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=ROOT, env=environment_of(data), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def ask(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the product's database, also while it comes back."""
    for _ in range(100):
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                return connection.execute(query, values).fetchall()  # type: ignore[arg-type]
        except psycopg.OperationalError:
            time.sleep(0.3)
    pytest.fail("the database did not come back")


def test_no_task_is_made_twice_whatever_is_killed(product: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    data, run = product
    owner = dict(line.split("=", 1) for line in (data / "env").read_text().splitlines())["DATABASE_OWNER_URL"]
    slug = run["networks"][0]["slug"]
    [(network_id,)] = ask(owner, "SELECT vendor_network_id::text FROM networks_network WHERE slug = %s", slug)
    control = f"{run['sandbox_url']}/control/api/networks/{network_id}"
    plant = httpx.get(control + "/plant", timeout=30).json()
    machine, person = plant["equipments"][0], plant["people"][0]
    path = tmp_path / "tasks.xlsx"
    names = [f"Round {number:03}" for number in range(TASKS)]
    write_xlsx(
        path, HEADING,
        [(machine["code"], name, "2031-03-12 08:00", "2031-03-12 10:00", str(person["id"])) for name in names],
    )  # fmt: skip
    made = manage(data, "submit_job", "--network", slug, "--operation", "scheduleTask", "--file", str(path))
    assert made["rows"] == {"queued": TASKS}

    postgres = start_postgres(data)  # adopts the running one
    kills = {
        "worker": lambda: kill_processes(data, "worker"),
        "broker": lambda: kill_pid_file(data / "valkey" / "valkey.pid"),
        "database": lambda: kill_pid_file(postgres.home / "data" / "postmaster.pid"),
    }
    for kill in kills.values():
        httpx.put(control + "/faults", json={"call": "lost_answer", "calls": 1, "seconds": LOST_SECONDS}, timeout=30)
        time.sleep(LOST_SECONDS / 2)
        kill()
    state, deadline = "", time.monotonic() + END_SECONDS
    while state not in {"done", "partly_done", "failed"} and time.monotonic() < deadline:
        time.sleep(1)
        [(state, pause)] = ask(owner, "SELECT state, pause FROM jobs_job WHERE id = %s", made["job"])
        assert state != "paused", pause
    assert state in {"done", "partly_done"}  # done where events told of every row in doubt before the last was sent

    tasks = httpx.get(control + "/plant", timeout=30).json()["tasks"]
    there = Counter(task["text"] for task in tasks if task["text"] in set(names))
    assert [name for name, count in there.items() if count > 1] == []
    rows = dict(
        ask(owner, "SELECT item->>'description', state FROM jobs_row WHERE job_id = %s ORDER BY number", made["job"])
    )
    print(Counter(rows.values()), len(there), "tasks are there", flush=True)
    assert len(rows) == TASKS
    # What is not there is never said to be; what nobody answered for is uncertain, and said to be so.
    assert [name for name, row in rows.items() if row in {"accepted", "confirmed"} and name not in there] == []
    assert {row for name, row in rows.items() if name not in there} <= {"uncertain", "rejected", "not_sent"}
    # At most one row is in doubt for each call that lost its answer.
    doubtful = [name for name, row in rows.items() if row == "uncertain"]
    assert len(doubtful) <= len(kills)
    calls = ask(owner, "SELECT batch, count(*) FROM jobs_call WHERE job_id = %s GROUP BY 1", made["job"])
    unsent = ask(owner, "SELECT count(*) FROM jobs_call WHERE job_id = %s AND outcome = 'NothingSent'", made["job"])
    assert sum(count - 1 for _batch, count in calls) == unsent[0][0]  # only what was certainly not sent went out again
