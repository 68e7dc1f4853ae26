"""What the sandbox sends: events after writes, signatures, repeats, faults, trickle, and the load generator."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.mobility_work.signature import CANDIDATES, parse_header, verify
from integrations.sandbox import bodies, contract, load
from integrations.sandbox.story import DEMO_PLANTS, DemoPlant, replay
from portal.dev.preflight import free_ports

from .conftest import Receiver, RunningSandbox, wait_for
from .test_story import Ledger
from .test_vendor_surface import TASK

SECRET = "shared-secret"


def listen(sandbox: RunningSandbox, receiver: Receiver, **wanted: Any) -> dict[str, Any]:
    return sandbox.network(subscriptions={"url": receiver.url, "secret": SECRET}, **wanted)


def is_signed(call: tuple[dict[str, str], bytes]) -> bool:
    headers, body = call
    found = parse_header(headers["x-mw-signature"])
    return verify(found, recipe=CANDIDATES[0], secrets=[SECRET], body=body) == 0


def test_a_stock_write_causes_a_signed_recount_and_the_alerts(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver)
    plant = sandbox.control("GET", f"/networks/{network['id']}/plant")
    part = next(each for each in plant["parts"] if len(each["stock"]) == 1 and each["total"] >= each["minimum"] > 1)
    rows = [{"id": part["reference"], "quantity": 1}, {"id": "no such part", "quantity": 1}]
    assert sandbox.call(network, "PUT", "spare-parts/stock", rows).status_code == 202
    wait_for(lambda: len(receiver.calls) == 2)
    recount, under = receiver.events
    assert recount["_event"] == "SparePartWasManuallyRecounted"
    assert recount["recounted"] == {
        "_type": "SparePartRecount",
        "quantity": 1,
        "previousStock": part["total"],
    }
    assert bodies.subscription_name(under["_event"]) == "SparePartStockWasUnderMinThreshold"
    sandbox.call(network, "PUT", "spare-parts/stock", [{"id": part["reference"], "quantity": 0}])
    wait_for(lambda: len(receiver.calls) == 4)
    assert receiver.names[2:] == ["SparePartWasManuallyRecounted", "SparePartWasOutOfStock"]
    for call, event in zip(receiver.calls, receiver.events, strict=True):
        assert is_signed(call)
        assert call[0]["user-agent"] == "Mobility Work - Webhook Service v1"
        assert contract.event_validator().is_valid(event)
        assert event["networkId"] == network["id"]


def test_a_task_comes_back_with_our_metadata(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver)
    metadata = {"portal": "3f0c", "row": 1}
    assert sandbox.call(network, "POST", "tasks", {**TASK, "metadata": metadata}).status_code == 201
    wait_for(lambda: receiver.calls)
    (event,) = receiver.events
    assert event["_event"] == "TaskWasScheduled"
    assert event["metadata"] == metadata
    assert event["associatedTo"]["id"] == "2507"


def test_events_wait_for_the_delay(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver, settings={"event_delay": 0.5})
    began = time.monotonic()
    sandbox.call(network, "POST", "tasks", TASK)
    wait_for(lambda: receiver.calls)
    assert time.monotonic() - began >= 0.45


def test_three_attempts_then_failed(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver)
    receiver.answers = [500, 500, 500]
    sandbox.call(network, "POST", "tasks", TASK)
    wait_for(lambda: sandbox.deliveries(network) and sandbox.deliveries(network)[0]["state"] == "failed")
    time.sleep(0.3)
    assert len(receiver.calls) == 3
    assert [answer["status"] for answer in sandbox.deliveries(network)[0]["answers"]] == [500, 500, 500]
    page = sandbox.http.get(f"/networks/{network['id']}").text
    assert "failed" in page
    assert "TaskWasScheduled" in page


@pytest.mark.parametrize("answer", [500, 404, 204, 302])
def test_anything_but_200_is_repeated(sandbox: RunningSandbox, receiver: Receiver, answer: int) -> None:
    network = listen(sandbox, receiver)
    receiver.answers = [answer, answer]
    sandbox.control("POST", f"/networks/{network['id']}/send", event="SparePartWasRestocked")
    wait_for(lambda: [each["state"] for each in sandbox.deliveries(network)] == ["delivered"])
    assert len(receiver.calls) == 3
    assert {event["_idempotencyKey"] for event in receiver.events} == {receiver.events[0]["_idempotencyKey"]}
    assert len({headers["x-mw-signature"] for headers, _ in receiver.calls}) == 3


def test_one_of_each_arrives(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver)
    sent = sandbox.control("POST", f"/networks/{network['id']}/send")["events"]
    wait_for(lambda: len(receiver.calls) == len(sent))
    assert {bodies.subscription_name(name) for name in receiver.names} == set(bodies.EVENT_NAMES)


def test_only_subscribed_events_are_sent_and_starter_has_none(sandbox: RunningSandbox, receiver: Receiver) -> None:
    some = sandbox.network(subscriptions={"url": receiver.url, "events": ["TaskWasScheduled", "TaskWasStarted"]})
    starter = listen(sandbox, receiver, plan="starter")
    for network in (starter, some):
        sandbox.control("POST", f"/networks/{network['id']}/send")
    wait_for(lambda: "TaskWasStarted" in receiver.names)
    wait_for(lambda: all(each["state"] == "delivered" for each in sandbox.deliveries(some)))
    assert set(receiver.names) == {"TaskWasScheduled", "TaskWasStarted"}
    assert all("x-mw-signature" not in headers for headers, _ in receiver.calls), "no secret, no signature"
    assert {event["networkId"] for event in receiver.events} == {some["id"]}


def test_webhook_faults(sandbox: RunningSandbox, receiver: Receiver) -> None:
    network = listen(sandbox, receiver)

    def act(**faults: int) -> list[tuple[dict[str, str], bytes]]:
        """Set faults, make three events happen, and hand back the calls that came of it."""
        before = len(receiver.calls)
        sandbox.control("PUT", f"/networks/{network['id']}/faults", **faults)
        for _ in range(3):
            sandbox.control("POST", f"/networks/{network['id']}/send", event="SparePartWasRestocked")
        expected = before + 3 + faults.get("twice", 0) - faults.get("hold_back", 0)
        wait_for(lambda: len(receiver.calls) == expected)
        wait_for(lambda: "waiting" not in {each["state"] for each in sandbox.deliveries(network)})
        return receiver.calls[before:]

    assert ["x-mw-signature" in headers for headers, _ in act(unsigned=1)] == [False, True, True]
    stamps = [int(parse_header(headers["x-mw-signature"]).t) for headers, _ in act(stale=1)]
    assert stamps[1] - stamps[0] > 3000
    twice = [headers["x-mw-signature"] for headers, _ in act(twice=1)]
    assert len(set(twice)) == 4
    held = act(hold_back=2)
    assert len(held) == 1
    assert sandbox.control("POST", f"/networks/{network['id']}/release") == {"released": 2}
    wait_for(lambda: len(receiver.calls) == 3 + 3 + 4 + 3)
    act(shuffle=3)
    created = [each["body"]["_idempotencyKey"] for each in sandbox.deliveries(network)][-3:]
    assert [event["_idempotencyKey"] for event in receiver.events[-3:]] == created[::-1]


def test_the_trickle_goes_on_where_the_demo_story_ended(sandbox: RunningSandbox, receiver: Receiver) -> None:
    demo = DEMO_PLANTS[0]
    story_end = datetime(2026, 11, 23, 8, tzinfo=UTC)
    wanted = {
        "plant": demo.slug,
        "api_key": "demo-key-of-cluses",
        "story_end": story_end.isoformat(),
        "subscriptions": {"url": receiver.url, "secret": SECRET},
        "trickle": {"on": True, "per_minute": 6000},
    }
    network = sandbox.control("PUT", f"/networks/{demo.network_id}", **wanted)
    assert network["name"] == demo.name
    wait_for(lambda: len(receiver.calls) >= 30)
    again = sandbox.control("PUT", f"/networks/{demo.network_id}", **wanted)
    assert again["keys"] == ["demo-key-of-cluses"]
    sandbox.control("PUT", f"/networks/{demo.network_id}/trickle", on=False)
    wait_for(lambda: all(each["state"] == "delivered" for each in sandbox.deliveries(network)))
    assert len(sandbox.http.get("/control/api/networks").json()) == 1
    ledger = ledger_at_the_end_of(demo, story_end)
    for delivery in sandbox.deliveries(network):
        ledger.follow(delivery["body"])
    plant = sandbox.control("GET", f"/networks/{network['id']}/plant")
    levels = {(part["id"], place): held for part in plant["parts"] for place, held in part["stock"].items()}
    assert ledger.levels == levels


def ledger_at_the_end_of(demo: DemoPlant, end: datetime) -> Ledger:
    """What the portal would know of the stock after it has loaded the story."""
    plant, ledger = replay(demo, end - timedelta(days=90), end), Ledger("location")
    for part in plant.parts.values():
        ledger.levels.update({(part.id, place_id): held for place_id, held in part.stock.items()})
    for task in plant.tasks.values():
        for part_id, place_id, quantity, _ in task.taken:
            ledger.taken.setdefault(task.id + part_id, []).append(((part_id, place_id), quantity))
    return ledger


def test_a_killed_sandbox_comes_back_with_its_networks(tmp_path: Path) -> None:
    port = free_ports(1)
    command = [sys.executable, "-m", "integrations.sandbox", "--port", str(port), "--data", str(tmp_path)]
    url = f"http://127.0.0.1:{port}"

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: answers(url), 15)
        return process

    process = start()
    try:
        made = httpx.post(f"{url}/control/api/networks", json={"name": "Kept"}).json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process = start()
        settings = httpx.get(f"{url}/partners/v1/network/settings", headers={"Api-Key": made["api_key"]}).json()
        assert settings["name"] == "Kept"
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/control/api/health").status_code == 200
    except httpx.TransportError:
        return False


def test_the_control_page_works_without_scripts(sandbox: RunningSandbox, receiver: Receiver) -> None:
    home = sandbox.http.get("/")
    assert "Development only" in home.text
    assert "<script" not in home.text
    assert "style=" not in home.text
    assert "default-src 'none'" in home.headers["Content-Security-Policy"]
    assert sandbox.http.get("/static/sandbox.css").status_code == 200
    made = sandbox.http.post(
        "/networks",
        data={"name": "<b>Usine</b>", "timezone": "Europe/Paris", "currency": "EUR", "plan": "premium"},
    )
    assert made.status_code == 303
    path = made.headers["Location"].partition("?")[0]
    page = sandbox.http.get(path).text
    assert "&lt;b&gt;Usine&lt;/b&gt;" in page
    assert "<b>Usine" not in page
    sandbox.http.post(f"{path}/subscriptions", data={"url": receiver.url, "events": list(bodies.EVENT_NAMES)})
    said = sandbox.http.post(f"{path}/send", data={"event": "TaskWasStarted"})
    assert said.status_code == 303
    wait_for(lambda: "TaskWasStarted" in receiver.names)
    refused = sandbox.http.post(f"{path}/send", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/networks", {"timezone": "Mars/Base"}),
        ("POST", "/networks", {"plan": "gold"}),
        ("PUT", "/networks/{id}/subscriptions", {"uri": "http://x"}),
        ("PUT", "/networks/{id}/subscriptions", {"url": "ftp://x"}),
        ("PUT", "/networks/{id}/subscriptions", {"url": "http://x", "events": ["Nothing"]}),
        ("POST", "/networks/{id}/send", {"event": "Nothing"}),
        ("PUT", "/networks/{id}/faults", {"call": "418"}),
        ("PUT", "/networks/{id}/faults", {"calls": -1}),
        ("PUT", "/networks/{id}/settings", {"speed": 1}),
        ("PUT", "/networks/{id}/trickle", {"on": True, "per_minute": 0}),
    ],
)
def test_the_control_surface_says_what_is_wrong(
    sandbox: RunningSandbox, method: str, path: str, body: dict[str, Any]
) -> None:
    network = sandbox.network()
    answer = sandbox.http.request(method, f"/control/api{path.format(id=network['id'])}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_load_counts_what_is_acknowledged(receiver: Receiver) -> None:
    receiver.answers = [503, 200, 401]
    result = asyncio.run(load.simulate(receiver.url, SECRET, None, 200, 4, retry_pause=0.01))
    assert result.answers == {200: 200, 503: 1, 401: 1}
    assert sorted(result.acknowledged) == sorted({event["_idempotencyKey"] for event in receiver.events})
    assert len(set(result.acknowledged)) == 200
    assert all(is_signed(call) for call in receiver.calls)
    assert 0 < result.p50_ms <= result.p99_ms


def test_load_keeps_to_the_rate_and_gives_up_after_three_attempts(receiver: Receiver) -> None:
    paced = load.run(receiver.url, SECRET, 200, 60, 4)
    assert 0.25 < paced.seconds < 1.5
    nowhere = load.run(f"http://127.0.0.1:{free_ports(1)}/hooks/x/", SECRET, None, 5, 2, retry_pause=0.01)
    assert len(nowhere.given_up) == 5
    assert sum(nowhere.errors.values()) == 15
    assert nowhere.acknowledged == []
