"""Connects a network from the command line; keys come from files or standard input, never from arguments."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.errors import VendorError
from portal.accounts.actors import actor_of, add_actor_argument
from portal.accounts.models import Organization
from portal.networks.connect import AlreadyConnected, check_key, connect_network
from portal.networks.inbox import MIN_SECRET_LENGTH, SecretTooShort
from portal.networks.models import Network


class Command(BaseCommand):
    """`manage.py connect_network --organization SLUG --name NAME --api-key-file F …`"""

    help = "Checks an API key with Mobility Work and connects the network that it opens."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--name", default="")
        parser.add_argument("--api-key-file", required=True, metavar="FILE", help="- for standard input")
        parser.add_argument("--webhook-secret-file", metavar="FILE", help="one is generated unless given")
        parser.add_argument("--plan", choices=Network.Plan.values, default=str(Network.Plan.PREMIUM))
        parser.add_argument("--kind", choices=Network.Kind.values, default=str(Network.Kind.PRODUCTION))
        parser.add_argument("--json", action="store_true")
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Connect it."""
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            message = f"There is no organization with the slug {options['organization']}."
            raise CommandError(message)
        actor = actor_of(options["actor"])
        api_key = _read(options["api_key_file"])
        given = _read(options["webhook_secret_file"]) if options["webhook_secret_file"] else None
        try:
            found = check_key(api_key)
            done = connect_network(
                organization, found=found, api_key=api_key, actor=actor, name=options["name"], plan=options["plan"],
                kind=options["kind"], secret=given,
            )  # fmt: skip
        except VendorError as error:
            raise CommandError(str(error.user_message)) from None
        except AlreadyConnected:
            message = f"The network that this key opens ({found.name}) is connected already."
            raise CommandError(message) from None
        except SecretTooShort:
            message = f"The webhook secret is too short: {MIN_SECRET_LENGTH} characters at least."
            raise CommandError(message) from None
        result = {"network": done.network.slug, "hook_url": done.hook_url}
        if given is None and done.secret:
            result["webhook_secret"] = done.secret
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            for name, value in result.items():
                self.stdout.write(f"{name}: {value}")


def _read(name: str) -> str:
    """Return what a file holds, without the line's end. Raises CommandError."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name} cannot be read: {type(error).__name__}."
        raise CommandError(message) from None
    if not text.strip():
        message = f"{name} is empty."
        raise CommandError(message)
    return text.strip()
