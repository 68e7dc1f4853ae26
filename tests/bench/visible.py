"""(c) From the vendor's POST to the row that the timeline can show, at a steady hundred events a second."""

from __future__ import annotations

import threading
import time

from django.db import connection

from integrations.sandbox import load
from portal.lib.scope import network_scope
from tests.bench.burst import worker_command
from tests.bench.receiving import CONNECTIONS, background, free_of_ours, receiver_command, server
from tests.world import ConnectedNetwork

RATE = 100.0
EVENTS = 2_000
WARM_UP = 200
LOOK_SECONDS = 0.02  # how often we look: a row counts as seen up to this much later than it was there
PATIENCE_SECONDS = 60.0
# What a page reads, as the role that reads it; the key tells which POST it came from.
NEW_ROWS = """
SELECT r.position, convert_from(e.raw, 'UTF8')::jsonb ->> '_idempotencyKey' FROM timeline_reading r
JOIN timeline_event e ON e.network_id = r.network_id AND e.position = r.position
WHERE r.network_id = %s AND r.position > %s ORDER BY r.position
"""


def seconds_until_visible(place: ConnectedNetwork) -> list[float]:
    """Return, sorted, how long each event took from its appointed time of sending until its row could be read.

    An event sent late, because all connections were busy, counts from when it was due: waiting is no excuse.
    Raises AssertionError when one of them never arrives.
    """
    port = free_of_ours()
    environment = {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    with server(receiver_command(port), port, environment), background(worker_command(), environment):
        url = f"http://127.0.0.1:{port}{place.path}"
        _measure(place, url, load.make_events(WARM_UP, network_id=str(place.network.vendor_network_id)))
        return _measure(place, url, load.make_events(EVENTS, network_id=str(place.network.vendor_network_id)))


def _measure(place: ConnectedNetwork, url: str, events: list[tuple[str, bytes]]) -> list[float]:
    results: list[load.LoadResult] = []
    sender = threading.Thread(target=lambda: results.append(load.run(url, place.secret, RATE, events, CONNECTIONS)))
    last = _new_rows(place, 0)[-1:]
    position = last[0][0] if last else 0
    seen: dict[str, float] = {}
    started = time.perf_counter()
    sender.start()
    deadline = started + len(events) / RATE + PATIENCE_SECONDS
    while len(seen) < len(events) and time.perf_counter() < deadline:
        rows = _new_rows(place, position)
        now = time.perf_counter()
        for position, key in rows:  # noqa: B007 - the last one is where the next look begins
            seen.setdefault(key, now)
        time.sleep(LOOK_SECONDS)
    sender.join()
    assert len(results[0].acknowledged) == len(events), results[0]
    missing = [key for key, _ in events if key not in seen]
    assert not missing, f"{len(missing)} acknowledged events were not to be seen"
    return sorted(seen[key] - (started + number / RATE) for number, (key, _) in enumerate(events))


def _new_rows(place: ConnectedNetwork, position: int) -> list[tuple[int, str]]:
    with network_scope(place.network.id), connection.cursor() as cursor:
        cursor.execute(NEW_ROWS, [place.network.id, position])
        rows: list[tuple[int, str]] = cursor.fetchall()
    return rows
