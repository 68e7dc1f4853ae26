"""Organizations and their first admin."""

from __future__ import annotations

from django.db import transaction
from django.utils.text import slugify

from portal.accounts.models import Membership, Organization, User
from portal.lib.locks import lock
from portal.trail.record import Actor, record


class NameTaken(Exception):
    """An organization with this name exists."""


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
