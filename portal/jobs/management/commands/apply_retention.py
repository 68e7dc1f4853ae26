"""Removes what organizations have kept for long enough."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actors import actor_of, add_actor_argument
from portal.accounts.models import Organization
from portal.jobs.retention import due_of, remove_content
from portal.networks.models import Network
from portal.trail.retention import entries_beyond, remove_entries_beyond


class Command(BaseCommand):
    """`manage.py apply_retention [--organization SLUG] [--dry-run]`"""

    help = (
        "Removes what each organization has kept for its years of retention: files and rows of jobs that ended, what "
        "was said in their requests, and entries of the audit trail. The jobs stay, with their counts. Deliveries and "
        "events are kept for good so far: stock and tasks are worked out of all of them. Exports end after days, by "
        "themselves. Needs the owner role (DATABASE_OWNER_URL)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", metavar="SLUG", help="only this one")
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
        add_actor_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the organizations."""
        organizations = Organization.objects.order_by("slug")
        if options["organization"]:
            organizations = organizations.filter(slug=options["organization"])
            if not organizations:
                raise CommandError(f"There is no organization with the slug {options['organization']}.")
        for organization in organizations:
            if organization.retention_years < 1:
                raise CommandError(f"{organization.slug} keeps nothing for a year: set it with set_retention first.")
            jobs, entries = self._apply(organization, options)
            what = "would be removed" if options["dry_run"] else "removed"
            self.stdout.write(
                f"{organization.slug}, kept for {organization.retention_years} years: contents of {jobs} jobs and "
                f"{entries} entries of the audit trail {what}"
            )

    def _apply(self, organization: Organization, options: dict[str, Any]) -> tuple[int, int]:
        now, years, actor = timezone.now(), organization.retention_years, actor_of(options["actor"])
        networks = list(Network.objects.filter(organization=organization).values_list("id", flat=True))
        due = due_of(organization, now=now)
        if options["dry_run"]:
            return len(due), entries_beyond(organization.id, networks, years=years, now=now)
        jobs = sum(remove_content(each, years=years, actor=actor, now=now) for each in due)
        entries = remove_entries_beyond(organization.id, networks, years=years, actor=actor, now=now)
        return jobs, entries
