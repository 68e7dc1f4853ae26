"""`make bench`: speed as ratios in one run; a table, and .data/bench.json. `--full` adds 1,000,000 events."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from tests import harness  # starts the engines and sets the environment, before Django loads

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django

django.setup()

from portal.accounts.organizations import create_organization  # noqa: E402
from portal.trail.record import COMMAND_LINE  # noqa: E402
from portal.webhooks.pipeline import process_waiting  # noqa: E402
from tests.bench import reading, receiving, visible  # noqa: E402
from tests.world import add_network  # noqa: E402

EVENTS = 20_000
RESULTS = Path(".data") / "bench.json"


def say(name: str, value: float, unit: str, note: str = "") -> None:
    print(f"{name:<46} {value:>12,.2f} {unit:<10} {note}", flush=True)


def main() -> None:
    """Measure and report."""
    figures: dict[str, float] = {}
    organization, _, _ = create_organization("Bench", admin_email="bench@example.com", actor=COMMAND_LINE)
    place, quiet = add_network(organization, "Receiving"), add_network(organization, "Reading")
    steady = add_network(organization, "Steady")
    owner_url = os.environ["DATABASE_OWNER_URL"]
    receiving.make_bare_table(owner_url)

    result = receiving.through_the_receiver(place, EVENTS)
    bare = receiving.through_a_bare_view(place, EVENTS // 2, owner_url)
    inserts = receiving.by_pgbench(owner_url)
    figures |= {"receiver per second": result.rate, "receiver p99 ms": result.p99_ms, "receiver p50 ms": result.p50_ms}
    figures |= {"bare view per second": bare.rate, "bare view p99 ms": bare.p99_ms, "pgbench per second": inserts}
    figures |= {"receiver / bare view": result.rate / bare.rate, "receiver / pgbench": result.rate / inserts}

    started, drained = time.perf_counter(), 0
    while done := process_waiting(place.network.id, limit=500):
        drained += done
    figures["drained per second"] = drained / (time.perf_counter() - started)

    waited = visible.seconds_until_visible(steady)
    figures |= {f"POST to row p{share}, ms": waited[len(waited) * share // 100] * 1000 for share in (50, 99)}

    sizes = [10_000, 100_000] + ([1_000_000] if "--full" in sys.argv else [])
    smallest: dict[str, float] = {}
    filled = 0
    for size in sizes:
        reading.fill(quiet.network, filled + 1, size)
        filled = size
        measured = reading.pages(quiet.network, size)
        smallest = smallest or measured
        for name, value in measured.items():
            figures[f"{name} at {size:,}, ms"] = value
            figures[f"{name} at {size:,} / at {sizes[0]:,}"] = value / smallest[name]
    for name, value in figures.items():
        say(name, value, "")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2))
    print(f"\nWritten to {RESULTS}. The engines ran without fsync: only the ratios within this run say something.")


if __name__ == "__main__":
    try:
        main()
    finally:
        harness.stop()
