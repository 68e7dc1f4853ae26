"""The rows of the exported list of people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext

from portal.accounts.models import Membership
from portal.exports.slices import Coded, Slice
from portal.lib.tabular.write import Cell


def people_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield the members of an organization, as its page lists them."""
    with wanted.scope():
        members = list(
            Membership.objects.filter(
                organization_id__in=wanted.organizations, organization__slug=wanted.query.get("organization", "")
            )
            .select_related("user", "organization")
            .prefetch_related("network_roles__network")
        )
    for member in sorted(members, key=lambda member: str(member.user)):
        roles = [f"{role.get_role_display()}: {role.network.name}" for role in member.network_roles.all()]
        codes = [{"network": role.network.slug, "role": role.role} for role in member.network_roles.all()]
        yield (
            Coded(member.organization.name, member.organization.slug),
            str(member.user),
            member.user.email,
            Coded(gettext("Admin"), "admin") if member.is_admin else Coded(", ".join(roles), codes),
            wanted.local(member.user.last_login),
        )
