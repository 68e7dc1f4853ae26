"""(b) A minute at the receiver's full rate, drained by a worker while the receiver goes on answering."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass

from django.db import connection

from integrations.sandbox import load
from portal.lib.scope import network_scope
from tests.bench.receiving import CONNECTIONS, background, free_of_ours, receiver_command, server
from tests.world import ConnectedNetwork

SECONDS = 60
STEADY_RATE = 20.0
PATIENCE_SECONDS = 900
WAITING = "SELECT 1 FROM webhooks_processing WHERE network_id = %s AND state = 'waiting' LIMIT 1"
DONE = "SELECT count(*) FROM webhooks_processing WHERE network_id = %s AND state = 'done'"


@dataclass(frozen=True, slots=True)
class Burst:
    """What a burst came to; times in seconds."""

    acknowledged: int
    rate: float
    drained_after: float  # from the end of the burst
    drained_rate: float  # from its beginning
    steady_p99_ms: float  # of the receiver's answers while the rest was drained


def worker_command() -> list[str]:
    """Return the worker's command, with the beat inside."""
    return [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "threads", "--concurrency", "4",
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--beat"]  # fmt: skip


def through_everything(place: ConnectedNetwork, rate: float) -> Burst:
    """Send for a minute as fast as it is answered; raises AssertionError when an acknowledged event is not done."""
    port = free_of_ours()
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    network_id = str(place.network.vendor_network_id)
    work = load.make_events(int(rate * SECONDS), network_id=network_id)
    steady: list[load.LoadResult] = []
    drained = threading.Event()
    with server(receiver_command(port), port, environment), background(worker_command(), environment):
        url = f"http://127.0.0.1:{port}{place.path}"
        started = time.perf_counter()
        sent = load.run(url, place.secret, None, work, CONNECTIONS)
        ended = time.perf_counter()

        def keep_sending() -> None:
            while not drained.is_set():
                few = load.make_events(int(STEADY_RATE), network_id=network_id)
                steady.append(load.run(url, place.secret, STEADY_RATE, few, 4))

        sender = threading.Thread(target=keep_sending)
        sender.start()
        try:
            while _one(WAITING, place) and time.perf_counter() < ended + PATIENCE_SECONDS:
                time.sleep(0.2)
        finally:
            done_at = time.perf_counter()
            drained.set()
            sender.join()
        while _one(WAITING, place):
            time.sleep(0.2)
    acknowledged = len(sent.acknowledged) + sum(len(result.acknowledged) for result in steady)
    done = _one(DONE, place) or 0
    assert done >= acknowledged, f"{acknowledged} acknowledged, {done} done"
    assert not any(result.given_up for result in (sent, *steady)), "the receiver stopped answering"
    latencies = sorted(latency for result in steady for latency in result.latencies)
    return Burst(
        acknowledged=len(sent.acknowledged),
        rate=sent.rate,
        drained_after=done_at - ended,
        drained_rate=len(sent.acknowledged) / (done_at - started),
        steady_p99_ms=latencies[len(latencies) * 99 // 100] * 1000 if latencies else 0.0,
    )


def _one(sql: str, place: ConnectedNetwork) -> int | None:
    with network_scope(place.network.id), connection.cursor() as cursor:
        cursor.execute(sql, [place.network.id])
        row = cursor.fetchone()
        return row[0] if row else None
