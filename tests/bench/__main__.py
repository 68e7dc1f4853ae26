"""`make bench`: speed as ratios in one run; a table, and .data/bench.json.

`make bench FULL=1` adds a burst of a minute and 1,000,000 events (some ten minutes). `python -m tests.bench` with
`--events`, `--jobs`, `--tasks`, `--projections`, `--reading` or `--routes` measures a part alone, with `--servers` it
compares servers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests import harness  # starts the engines and sets the environment, before Django loads

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django

django.setup()

from portal.accounts.models import Organization, User  # noqa: E402
from portal.accounts.organizations import create_organization  # noqa: E402
from portal.trail.record import COMMAND_LINE  # noqa: E402
from portal.webhooks.pipeline import process_waiting  # noqa: E402
from tests.bench import burst, jobs, projecting, reading, receiving, routes, servers, tasks, visible  # noqa: E402
from tests.world import ConnectedNetwork, add_network  # noqa: E402

EVENTS = 20_000
RESULTS = Path(".data") / "bench.json"


def say(name: str, value: float) -> None:
    print(f"{name:<56} {value:>12,.2f}", flush=True)


def main() -> None:
    """Measure what is asked for by `--name`, or everything, and report."""
    organization, person, _ = create_organization("Bench", admin_email="bench@example.com", actor=COMMAND_LINE)
    full = "--full" in sys.argv
    sizes = [10_000, 100_000] + ([1_000_000] if full else [])

    def connected(name: str) -> ConnectedNetwork:
        return add_network(organization, name)

    parts: dict[str, Callable[[], dict[str, float]]] = {
        "--events": lambda: events(connected("Receiving"), connected("Steady"), connected("Flooded"), full=full),
        "--jobs": lambda: jobs.measure(connected("Files"), person),
        "--tasks": lambda: tasks.measure(connected("Tasks").network, person),
        "--projections": lambda: projecting.measure(connected("Busy"), connected("Large").network, sizes[1:]),
        "--reading": lambda: pages_at_sizes(connected("Reading"), sizes),
        "--routes": lambda: every_route(connected, organization, person, sizes[-1]),
    }
    if "--servers" in sys.argv:
        parts = {"--servers": lambda: servers.compare(connected("Servers"))}
    chosen = [name for name in parts if name in sys.argv] or list(parts)
    figures: dict[str, float] = {}
    for name in chosen:
        found = parts[name]()
        for words, value in found.items():
            say(words, value)
        figures |= found
    if len(chosen) == len(parts) > 1:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(figures, indent=2))
        print(f"\nWritten to {RESULTS}. The engines ran without fsync: only the ratios within this run say something.")


def events(
    place: ConnectedNetwork, steady: ConnectedNetwork, flooded: ConnectedNetwork, *, full: bool
) -> dict[str, float]:
    """Measure the way of an event from the vendor's POST to a row on a page."""
    owner_url = os.environ["DATABASE_OWNER_URL"]
    receiving.make_bare_table(owner_url)
    result = receiving.through_the_receiver(place, EVENTS)
    bare = receiving.through_a_bare_view(place, EVENTS // 2, owner_url)
    inserts = receiving.by_pgbench(owner_url)
    figures: dict[str, float] = {
        "receiver per second": result.rate,
        "receiver p99 ms": result.p99_ms,
        "receiver p50 ms": result.p50_ms,
        "bare view per second": bare.rate,
        "bare view p99 ms": bare.p99_ms,
        "pgbench per second": inserts,
        "receiver / bare view": result.rate / bare.rate,
        "receiver / pgbench": result.rate / inserts,
    }
    started, drained = time.perf_counter(), 0
    while done := process_waiting(place.network.id, limit=500):
        drained += done
    figures["drained per second"] = drained / (time.perf_counter() - started)
    waited = visible.seconds_until_visible(steady)
    figures |= {f"POST to row p{share}, ms": waited[len(waited) * share // 100] * 1000 for share in (50, 99)}
    if full:
        flood = burst.through_everything(flooded, result.rate)
        figures |= {
            "burst of a minute, events": flood.acknowledged,
            "burst, acknowledged per second": flood.rate,
            "burst, drained s after its end": flood.drained_after,
            "burst, drained per second meanwhile": flood.drained_rate,
            "burst, receiver p99 ms while draining": flood.steady_p99_ms,
        }
    return figures


def pages_at_sizes(place: ConnectedNetwork, sizes: list[int]) -> dict[str, float]:
    """Return what each kind of page costs at growing sizes of the log, and how that compares with the smallest."""
    figures: dict[str, float] = {}
    smallest: dict[str, float] = {}
    filled = 0
    for size in sizes:
        reading.fill(place.network, filled + 1, size)
        filled = size
        measured = reading.pages(place.network, size)
        smallest = smallest or measured
        for name, value in measured.items():
            figures[f"{name} at {size:,}, ms"] = value
            figures[f"{name} at {size:,} / at {sizes[0]:,}"] = value / smallest[name]
    return figures


def every_route(
    connected: Callable[[str], ConnectedNetwork], organization: Organization, person: User, events: int
) -> dict[str, float]:
    """Return what each page and each route of the API costs in an organization of fifty networks, one of them large."""
    place = connected("Large plant")
    for number in range(49):
        connected(f"Small plant {number}")
    found, left = routes.measure(place, organization, person, events=events)
    print("Not measured, for a GET shows nothing there:", *left, sep="\n  ")
    return found


if __name__ == "__main__":
    try:
        main()
    finally:
        harness.stop()
