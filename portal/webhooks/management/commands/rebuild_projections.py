"""Makes stock and tasks anew from the events, or only compares them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.networks.models import Network
from portal.webhooks.rebuild import read_again, rebuild_projections


class Command(BaseCommand):
    """`rebuild_projections [--network SLUG] [--from-raw] [--check]`; exit code 1 where --check finds a difference."""

    help = "Makes stock and tasks anew from the events, and says where they differed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the choices."""
        parser.add_argument("--network", metavar="SLUG", help="only this network")
        parser.add_argument("--from-raw", action="store_true", help="read every event again first, with today's reader")
        parser.add_argument("--check", action="store_true", help="compare only, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the networks."""
        if options["check"] and options["from_raw"]:
            raise CommandError("--check changes nothing, and --from-raw does: give one of the two.")
        networks = Network.objects.order_by("slug")
        if options["network"]:
            networks = networks.filter(slug=options["network"])
            if not networks:
                raise CommandError(f"There is no network {options['network']}.")
        differing = 0
        for network in networks:
            if options["from_raw"]:
                count = read_again(network.id)
                self.stdout.write(f"{network.slug}: {count} events read again")
            compared = rebuild_projections(network.id, check=options["check"])
            if compared.is_same:
                self.stdout.write(f"{network.slug}: rebuilt and live are the same")
                continue
            differing += 1
            listed = ", ".join(f"{table} {count}" for table, count in compared.rows.items())
            what = "differ" if options["check"] else "differed and were replaced"
            self.stdout.write(f"{network.slug}: rows that {what}: {listed}")
        if differing and options["check"]:
            raise CommandError("The live projections differ from what the events say. Run it again without --check.")
