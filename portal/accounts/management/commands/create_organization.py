"""Makes an organization and its first admin."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse

from portal.accounts.actors import actor_of, add_actor_argument
from portal.accounts.organizations import NameTaken, create_organization


class Command(BaseCommand):
    """`manage.py create_organization --name NAME --admin-email E`"""

    help = "Makes an organization with its first admin, and prints the link with which a new person sets a password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--name", required=True)
        parser.add_argument("--admin-email", required=True)
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        try:
            validate_email(options["admin_email"])
        except ValidationError:
            message = f"“{options['admin_email']}” is no e-mail address."
            raise CommandError(message) from None
        try:
            organization, admin, is_new = create_organization(
                options["name"], admin_email=options["admin_email"], actor=actor_of(options["actor"])
            )
        except NameTaken:
            message = f"An organization named like “{options['name']}” exists, or the name holds no letter or digit."
            raise CommandError(message) from None
        self.stdout.write(f"Organization {organization.name} ({organization.slug}), admin {admin.email}.")
        if is_new:
            admin.set_unusable_password()
            admin.save()
            path = reverse(
                "account_reset_password_from_key",
                kwargs={"uidb36": user_pk_to_url_str(admin), "key": default_token_generator.make_token(admin)},
            )
            self.stdout.write(f"The admin sets a password here, within three days: {settings.PORTAL_BASE_URL}{path}")
