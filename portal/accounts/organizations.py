"""Organizations and their first admin."""

from __future__ import annotations

from django.db import transaction
from django.utils.text import slugify

from portal.accounts.models import Membership, Organization, User
from portal.lib.locks import lock
from portal.trail.record import Actor, record

MOST_YEARS = 100


class NameTaken(Exception):
    """An organization with this name exists."""


class UnfitYears(Exception):
    """An organization keeps what happened for a year at least, and a century at most."""


def create_organization(name: str, *, admin_email: str, actor: Actor | str) -> tuple[Organization, User, bool]:
    """Make an organization with its first admin; return both, and whether the person is new (and has no password)."""
    slug = slugify(name)[:50]
    with transaction.atomic():
        lock("slugs of organizations", wait=True)
        if not slug or Organization.objects.filter(slug=slug).exists():
            raise NameTaken(name)
        organization = Organization.objects.create(name=name, slug=slug)
        admin = User.objects.filter(email=admin_email.strip().lower()).first()
        is_new = admin is None
        if admin is None:
            admin = User.objects.create_user(admin_email)
        Membership.objects.create(organization=organization, user=admin, is_admin=True)
        record("organization_created", actor=actor, organization_id=organization.id, subject=name)
    return organization, admin, is_new


def change_retention(organization: Organization, years: int, *, actor: Actor | str) -> None:
    """Say for how many years an organization keeps what can be removed. Raises UnfitYears."""
    if not 1 <= years <= MOST_YEARS:
        raise UnfitYears(f"Give between 1 and {MOST_YEARS} years.")
    with transaction.atomic():
        before = Organization.objects.select_for_update().get(id=organization.id).retention_years
        Organization.objects.filter(id=organization.id).update(retention_years=years)
        record(
            "retention_changed",
            actor=actor,
            organization_id=organization.id,
            subject=organization.name,
            details={"before": before, "after": years},
        )
