"""Sends realistic signed webhooks at a rate to a network of a running `make run`."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.sandbox import load
from portal.networks.models import Network


class Command(BaseCommand):
    """`manage.py simulate --rate N --events N`"""

    help = "Sends load to the receiver of a running demo (development only)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--rate", type=float, default=None, help="events per second; as fast as it goes unless given"
        )
        parser.add_argument("--events", type=int, default=1000)
        parser.add_argument("--connections", type=int, default=16)
        parser.add_argument("--network", default="", metavar="SLUG", help="the first demo network unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send them and print what came back."""
        path = settings.PORTAL_DATA_DIR / "run.json"
        if not path.exists():
            raise CommandError("Nothing is running here: start `make run` first.")
        networks = json.loads(path.read_text())["networks"]
        chosen = next((item for item in networks if options["network"] in {"", item["slug"]}), None)
        if chosen is None:
            message = f"The demo has no network {options['network']}."
            raise CommandError(message)
        network = Network.objects.filter(slug=chosen["slug"]).first()
        if network is None:
            message = f"run.json names the network {chosen['slug']}, which this database does not hold. Run `make run`."
            raise CommandError(message)
        result = load.run(
            chosen["hook_url"], chosen["webhook_secret"], options["rate"], options["events"], options["connections"],
            network_id=str(network.vendor_network_id),
        )  # fmt: skip
        # Attempts without an answer count too: a receiver that is down must not look like one that had nothing to do.
        counts = [*sorted(result.answers.items()), *sorted(result.errors.items())]
        answers = ", ".join(f"{outcome}: {count}" for outcome, count in counts)
        self.stdout.write(f"{len(result.acknowledged)} acknowledged in {result.seconds:.1f} s ({answers})")
        self.stdout.write(f"{result.rate:.0f} per second, p50 {result.p50_ms:.1f} ms, p99 {result.p99_ms:.1f} ms")
        if result.given_up:
            self.stdout.write(f"{len(result.given_up)} given up after three attempts")
        if result.given_up and not result.acknowledged:
            raise CommandError("Not one event was acknowledged: is the receiver up?")
