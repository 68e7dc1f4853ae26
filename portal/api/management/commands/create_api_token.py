"""Makes a token for the read API, and prints it: it cannot be shown again."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actors import actor_of, add_actor_argument
from portal.accounts.models import Organization
from portal.api.models import Scope
from portal.api.tokens import MAX_DAYS, LifetimeRefused, create_token
from portal.lib.scope import tenant_scope
from portal.networks.models import Network


class Command(BaseCommand):
    """`manage.py create_api_token --organization SLUG --scopes read [--json]`"""

    help = "Makes a token for the read API of an organization, and prints it once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--scopes", required=True, nargs="+", choices=Scope.values)
        parser.add_argument("--networks", nargs="+", metavar="SLUG", help="all of the organization unless given")
        parser.add_argument("--name", default="Made on the command line")
        parser.add_argument("--days", type=int, default=365, help="how long it is valid")
        parser.add_argument("--json", action="store_true")
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            message = f"There is no organization with the slug {options['organization']}."
            raise CommandError(message)
        networks = _networks(organization, options["networks"])
        try:
            with tenant_scope(networks=[], organizations=[organization.id]):
                made = create_token(
                    organization, name=options["name"][:100], scopes=[Scope(name) for name in options["scopes"]],
                    networks=networks, days=options["days"], actor=actor_of(options["actor"]),
                )  # fmt: skip
        except LifetimeRefused:
            message = f"A token is valid for 1 to {MAX_DAYS} days."
            raise CommandError(message) from None
        self.stdout.write(json.dumps({"token": made.text}) if options["json"] else made.text)


def _networks(organization: Organization, slugs: list[str] | None) -> list[Network] | None:
    """Return the organization's networks of these names, None for all. Raises CommandError."""
    if slugs is None:
        return None
    found = {network.slug: network for network in organization.networks.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in found:
            message = f"The organization has no network with the slug {slug}."
            raise CommandError(message)
    return list(found.values())
