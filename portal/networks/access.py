"""The one door to tenant data: which networks a person may open, and in which role."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from portal.accounts.models import Membership, NetworkRole, Organization, Role, User
from portal.lib.scope import tenant_scope
from portal.networks.models import Network


class NoAccess(Http404):
    """A person asked for a network or organization that is not there, or is not theirs: one answer for both."""


class RoleTooLow(PermissionDenied):
    """A person may see the network or organization, but not do this there."""

    def __init__(self, text: str, *, organization_id: UUID, network_id: UUID | None = None) -> None:
        super().__init__(text)
        self.organization_id = organization_id
        self.network_id = network_id


class Level(IntEnum):
    """Roles in rising order of what they may do; an auditor reads everything that a manager reads."""

    AUDITOR = 1
    MANAGER = 2
    ADMIN = 3


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one person may open. Built once per request."""

    user: User
    networks: tuple[Network, ...]
    levels: dict[UUID, Level]
    organizations: tuple[Organization, ...]
    admin_of: frozenset[UUID]

    def network(self, slug: str, *, at_least: Level = Level.AUDITOR) -> Network:
        """Return the network, or raise NoAccess where the person may not see it and RoleTooLow where they may see it
        but not do this."""
        for network in self.networks:
            if network.slug == slug:
                if self.levels[network.id] < at_least:
                    raise RoleTooLow(
                        _("Your role on this network does not allow this."),
                        organization_id=network.organization_id,
                        network_id=network.id,
                    )
                return network
        raise NoAccess(_("There is no such network, or you have no access to it."))

    def organization(self, slug: str, *, admin: bool = False) -> Organization:
        """Return the organization, or raise NoAccess for outsiders and RoleTooLow for members who are no admin where
        `admin` is asked."""
        for organization in self.organizations:
            if organization.slug == slug:
                if admin and organization.id not in self.admin_of:
                    raise RoleTooLow(
                        _("Only an admin of the organization may do this."), organization_id=organization.id
                    )
                return organization
        raise NoAccess(_("There is no such organization, or you do not belong to it."))

    def level(self, network: Network) -> Level:
        """Return the person's role on a network that they may see."""
        return self.levels[network.id]

    @property
    def is_admin(self) -> bool:
        """Tell whether the person is admin of any organization."""
        return bool(self.admin_of)

    def scope(self) -> AbstractContextManager[None]:
        """Open a transaction that sees everything this person may see, and nothing else."""
        return tenant_scope(
            networks=[network.id for network in self.networks],
            organizations=self.admin_of,
        )


def readers_of(network: Network) -> list[User]:
    """Return the people who may open a network now: what `access_of` says, asked the other way round."""
    mine = Membership.objects.filter(
        Q(is_admin=True) | Q(network_roles__network=network), organization_id=network.organization_id
    )
    return list(User.objects.filter(is_active=True, memberships__in=mine).distinct().order_by("id"))


def access_of(user: User) -> Access:
    """Work out what a person may open, from memberships alone (identity tables, no scope needed)."""
    memberships = list(Membership.objects.filter(user=user).select_related("organization"))
    admin_of = frozenset(m.organization_id for m in memberships if m.is_admin)
    levels: dict[UUID, Level] = {}
    networks: dict[UUID, Network] = {}
    for network in Network.objects.filter(organization_id__in=admin_of).select_related("organization"):
        networks[network.id] = network
        levels[network.id] = Level.ADMIN
    roles = NetworkRole.objects.filter(membership__in=memberships).select_related("network__organization")
    for role in roles:
        if role.network_id not in networks:
            networks[role.network_id] = role.network
            levels[role.network_id] = Level.MANAGER if role.role == Role.MANAGER else Level.AUDITOR
    return Access(
        user=user,
        networks=tuple(sorted(networks.values(), key=lambda n: (n.organization.name, n.name))),
        levels=levels,
        organizations=tuple(sorted((m.organization for m in memberships), key=lambda o: o.name)),
        admin_of=admin_of,
    )
