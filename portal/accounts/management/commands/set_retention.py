"""Says for how many years an organization keeps what can be removed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actors import actor_of, add_actor_argument
from portal.accounts.models import Organization
from portal.accounts.organizations import UnfitYears, change_retention


class Command(BaseCommand):
    """`manage.py set_retention --organization SLUG --years N`"""

    help = "Sets how many years an organization keeps files, rows and the audit trail; apply_retention removes them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--years", required=True, type=int)
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it."""
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization with the slug {options['organization']}.")
        try:
            change_retention(organization, options["years"], actor=actor_of(options["actor"]))
        except UnfitYears as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{organization.slug} keeps everything for {options['years']} years.")
