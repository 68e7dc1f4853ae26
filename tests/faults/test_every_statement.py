"""kill -9 on a worker at every statement, every commit and every request of sending: nothing is lost or sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.utils import timezone

from integrations.mobility_work.operations import OPERATIONS
from portal.dev.preflight import free_ports
from portal.jobs.ending import counts_of
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.states import JobState
from portal.jobs.submit import submit_items
from portal.lib.scope import network_scope
from tests.browser.conftest import ROOT
from tests.world import ConnectedNetwork, World

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

ROWS = 3
MOST_POINTS = 1_000  # of one job; there are far fewer
TAKEN = {"accepted", "unconfirmed", "confirmed"}


@dataclass
class Worker:
    """Worker processes, one after the other; each dies where it is told to."""

    process: subprocess.Popen[str]

    def run(self, place: ConnectedNetwork, *, dies_at: int = 0) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{dies_at} {place.network.id}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["signal"] == (9 if answer["died"] else 0), answer
        return answer


@dataclass
class Sandbox:
    """A sandbox of this test's own, with the foundry as one of its networks."""

    url: str
    network_id: str
    equipment: str = ""
    person: int = 0
    parts: list[str] = field(default_factory=list)

    def plant(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/control/api/networks/{self.network_id}/plant", timeout=30).json()
        return found


@pytest.fixture
def sandbox(world: World, tmp_path: Path) -> Iterator[Sandbox]:
    port = free_ports(1)
    url, place = f"http://127.0.0.1:{port}", world.foundry
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", str(port), "--data", str(tmp_path / "sandbox")],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(100):
            try:
                httpx.get(f"{url}/control/api/health", timeout=2)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        made = Sandbox(url, str(place.network.vendor_network_id))
        wanted = {
            "api_key": place.api_key, "plant": "val-darve-cluses", "story_start": "2026-01-01T00:00:00+00:00",
            "story_end": "2026-01-02T00:00:00+00:00", "settings": {"event_delay": 0},
        }  # fmt: skip
        answer = httpx.put(f"{url}/control/api/networks/{made.network_id}", json=wanted, timeout=60)
        assert answer.status_code == 200, answer.text
        plant = made.plant()
        made.equipment, made.person = plant["equipments"][0]["code"], int(plant["people"][0]["id"])
        made.parts = [part["reference"] for part in plant["parts"]][:ROWS]
        yield made
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def worker(sandbox: Sandbox) -> Iterator[Worker]:
    environment = os.environ | {"MOBILITY_WORK_API_URL": sandbox.url, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_worker"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield Worker(process)
    assert process.stdin
    process.stdin.close()
    process.wait(timeout=20)


def tasks(sandbox: Sandbox, turn: int) -> list[dict[str, Any]]:
    return [
        {
            "equipment": sandbox.equipment, "description": f"Round {turn}-{row}", "allDay": False,
            "startDateTime": "2031-03-12T08:00:00+01:00", "endDateTime": "2031-03-12T10:00:00+01:00",
            "assignees": [sandbox.person],
        }
        for row in range(ROWS)
    ]  # fmt: skip


def new_parts(sandbox: Sandbox, turn: int) -> list[dict[str, Any]]:
    price, stock = {"amount": 3500, "currency": "EUR"}, {"quantity": 1, "locationName": "Store"}
    return [
        {"externalReference": f"NEW-{turn}-{row}", "name": "Bearing", "unitPrice": price, "stock": stock}
        for row in range(ROWS)
    ]


def levels(sandbox: Sandbox, turn: int) -> list[dict[str, Any]]:
    return [
        {"id": {"type": "externalReference", "value": reference}, "quantity": 10_000 + turn}
        for reference in sandbox.parts
    ]


def tasks_there(plant: dict[str, Any]) -> Counter[str]:
    return Counter(task["text"] for task in plant["tasks"])


def parts_there(plant: dict[str, Any]) -> Counter[str]:
    return Counter(part["reference"] for part in plant["parts"])


def send_and_die(worker: Worker, place: ConnectedNetwork, name: str, items: list[dict[str, Any]], dies_at: int) -> Any:
    """Send a job with a worker that dies at a point, then with others that do not; return the job and where it died."""
    with network_scope(place.network.id):
        numbered = dict(enumerate(items, start=2))
        job = submit_items(place.network, name, numbered, actor="test", source=Job.Source.FILE, now=timezone.now())
    died = worker.run(place, dies_at=dies_at)["died"]
    if dies_at % 5 == 0:
        worker.run(place)  # the supervisor starts another one at once: what is under a lease it leaves alone
    for _ in range(ROWS + 2):
        with network_scope(place.network.id):
            found = Job.objects.get(network_id=place.network.id, id=job.id)
            if found.ended_at is not None:
                return found, died
            # Time passes: the lease of whoever is gone ends, and a pause before a repeat is over.
            now = timezone.now()
            Batch.objects.exclude(lease_until=None).update(lease_until=now - timedelta(seconds=1))
            Batch.objects.exclude(not_before=None).update(not_before=now)
        worker.run(place)
    pytest.fail(f"The job did not end after a worker died {died}: {found.state} {found.pause}")


def states_of(place: ConnectedNetwork, job_id: UUID) -> dict[int, str]:
    with network_scope(place.network.id):
        counts = counts_of(place.network.id, job_id)
        states = dict(Row.objects.filter(job_id=job_id).values_list("number", "state"))
        open_calls = Call.objects.filter(job_id=job_id, ended_at=None).count()
    assert sum(counts.values()) == ROWS == len(states), counts
    assert open_calls == 0
    return states


@pytest.mark.parametrize(
    ("name", "items_of", "there"),
    [("scheduleTask", tasks, tasks_there), ("createSpareParts", new_parts, parts_there)],
)
def test_what_may_not_be_repeated_is_sent_once_wherever_the_worker_dies(
    world: World, sandbox: Sandbox, worker: Worker, name: str,
    items_of: Callable[[Sandbox, int], list[dict[str, Any]]], there: Callable[[dict[str, Any]], Counter[str]],
) -> None:  # fmt: skip
    place, operation = world.foundry, OPERATIONS[name]
    known_by = "description" if name == "scheduleTask" else "externalReference"
    ended: dict[str, str] = {}
    deaths: Counter[str] = Counter()
    doubtful = 0
    for turn in range(1, MOST_POINTS):
        items = items_of(sandbox, turn)
        job, died = send_and_die(worker, place, name, items, turn)
        states = states_of(place, job.id)
        uncertain = sum(state == "uncertain" for state in states.values())
        assert set(states.values()) <= TAKEN | {"uncertain"}, (died, states)  # nothing is refused here
        assert uncertain <= operation.bulk_limit, died  # one request at most was under way
        assert job.state == (JobState.PARTLY_DONE if uncertain else JobState.DONE), died
        doubtful += bool(uncertain)
        ended |= {item[known_by]: states[number] for number, item in enumerate(items, start=2)}
        deaths[died.split(" ", 2)[1] if died else "none"] += 1
        if not died:
            break
    time.sleep(2)  # bulk writes take effect a moment after they are accepted
    made = there(sandbox.plant())
    print(f"{name}: {turn - 1} deaths, {dict(deaths)}; {doubtful} jobs with doubtful rows", flush=True)
    assert deaths["execute"] > 30 and deaths["commit"] and deaths["handle_request"]
    assert [item for item in ended if made[item] > 1] == []  # never twice
    assert [item for item, state in ended.items() if state in TAKEN and made[item] != 1] == []  # nothing is lost
    # A request is in doubt only between the commit that puts it on record and the one that stores its answer.
    assert 0 < doubtful < turn / 2


def test_what_may_be_repeated_arrives_wherever_the_worker_dies(world: World, sandbox: Sandbox, worker: Worker) -> None:
    place = world.foundry
    turn, repeated = 0, 0
    for turn in range(1, MOST_POINTS):
        with network_scope(place.network.id):
            # A change of one part waits until the last one is settled: let that time be over.
            Row.objects.update(updated_at=timezone.now() - timedelta(hours=1))
        job, died = send_and_die(worker, place, "replaceSparePartStock", levels(sandbox, turn), turn)
        assert set(states_of(place, job.id).values()) <= TAKEN and job.state == JobState.DONE, died
        with network_scope(place.network.id):
            outcomes = list(Call.objects.filter(job_id=job.id).order_by("id").values_list("outcome", flat=True))
        assert outcomes in (["accepted"], ["OutcomeUnknown", "accepted"]), (died, outcomes)
        repeated += len(outcomes) - 1
        if not died:
            break
    time.sleep(2)
    stock = {part["reference"]: part["total"] for part in sandbox.plant()["parts"]}
    assert {stock[reference] for reference in sandbox.parts} == {10_000 + turn}
    print(f"replaceSparePartStock: {turn - 1} deaths, {repeated} repeats", flush=True)
    assert turn > 30 and 0 < repeated < turn / 2
