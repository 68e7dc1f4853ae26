"""Seals every key, secret and address with the newest sealing key, after PORTAL_SEALING_KEYS has changed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actors import actor_of, add_actor_argument
from portal.lib.scope import network_scope
from portal.lib.sealing import SealingError
from portal.networks.models import Network
from portal.networks.resealing import reseal_network


class Command(BaseCommand):
    """`manage.py reseal`"""

    help = "Seals all secrets with the newest key; afterwards the older keys may be taken out of PORTAL_SEALING_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Reseal network by network; each in its own transaction, so that the command can be run again."""
        actor = actor_of(options["actor"])
        total = 0
        for network in Network.objects.order_by("slug"):
            try:
                with network_scope(network.id):
                    total += reseal_network(network, actor=actor)
            except SealingError:
                message = f"No key in PORTAL_SEALING_KEYS opens a secret of {network.slug}. Add the one that made it."
                raise CommandError(message) from None
        self.stdout.write(f"{total} sealed values now use the newest key.")
