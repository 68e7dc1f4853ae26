"""Members of an organization: inviting, changing roles, removing. The last admin stays."""

from __future__ import annotations

import logging
import secrets as random
from datetime import timedelta
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.accounts.models import Invitation, Membership, NetworkRole, Organization, User
from portal.lib.locks import lock
from portal.lib.sealing import token_hash
from portal.trail.record import Actor, record

logger = logging.getLogger(__name__)
INVITATION_DAYS = 7
Roles = dict[UUID, str]


class LastAdmin(Exception):
    """The act would leave the organization without an admin."""


class NoLongerMember(Exception):
    """The membership ended meanwhile."""


class AlreadyMember(Exception):
    """The address belongs to a member already."""


class MailNotSent(Exception):
    """The mail server did not take a mail."""


class InvitationInvalid(Exception):
    """The invitation is used up, withdrawn, expired, or was never made."""


def invite(organization: Organization, *, email: str, is_admin: bool, roles: Roles, actor: User) -> Invitation:
    """Send an invitation by e-mail. `roles` by network id.

    The link is in the mail only; the database holds its hash. Earlier links end with it. Raises AlreadyMember, and
    MailNotSent, after which nothing has changed.
    """
    address = email.strip().lower()
    token = random.token_urlsafe(32)
    with transaction.atomic():
        _one_change_at_a_time(organization.id)
        if Membership.objects.filter(organization=organization, user__email=address).exists():
            raise AlreadyMember
        _end_open_invitations(organization, address)
        made = Invitation.objects.create(
            organization=organization,
            email=address,
            token_hash=token_hash(token),
            is_admin=is_admin,
            network_roles={} if is_admin else {str(network_id): role for network_id, role in roles.items()},
            invited_by=actor,
            expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
        )
        _record(organization, "person_invited", actor, address, _describe(is_admin, roles))
        _send_invitation(made, token, actor)
    return made


def send_again(invitation: Invitation, *, actor: User) -> None:
    """Send an open invitation once more, also an expired one: with a new link and its full time. The old link is void.

    Raises InvitationInvalid when it was used or withdrawn, AlreadyMember when the person joined by another one, and
    MailNotSent, after which nothing has changed.
    """
    token = random.token_urlsafe(32)
    with transaction.atomic():
        _one_change_at_a_time(invitation.organization_id)
        if Membership.objects.filter(organization=invitation.organization, user__email=invitation.email).exists():
            raise AlreadyMember
        changed = Invitation.objects.filter(id=invitation.id, accepted_at=None, withdrawn_at=None).update(
            token_hash=token_hash(token), expires_at=timezone.now() + timedelta(days=INVITATION_DAYS)
        )
        if changed != 1:
            raise InvitationInvalid
        roles = {UUID(network_id): role for network_id, role in invitation.network_roles.items()}
        details = _describe(invitation.is_admin, roles)
        _record(invitation.organization, "invitation_resent", actor, invitation.email, details)
        _send_invitation(invitation, token, actor)


def _send_invitation(made: Invitation, token: str, actor: User) -> None:
    link = settings.PORTAL_BASE_URL + reverse("invitation", args=[token])
    with translation.override(actor.language):
        subject = _("Invitation to %(organization)s") % {"organization": made.organization.name}
        text = _(
            "%(person)s invites you to %(organization)s on %(portal)s.\n\nOpen this link within %(days)d days to "
            "join:\n%(link)s\n\nIf you did not expect this, ignore it: nothing happens."
        ) % {
            "person": actor, "organization": made.organization.name, "portal": settings.PORTAL_NAME,
            "days": INVITATION_DAYS, "link": link,
        }  # fmt: skip
    try:
        send_mail(subject, text, None, [made.email])
    except (OSError, SMTPException) as error:
        logger.warning("An invitation could not be sent: %s", type(error).__name__)
        raise MailNotSent from error


def open_invitation(token: str) -> Invitation:
    """Return the invitation of a link. Raises InvitationInvalid."""
    found = Invitation.objects.select_related("organization").filter(
        token_hash=token_hash(token), accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    made = found.first()
    if made is None:
        raise InvitationInvalid
    return made


def join(invitation: Invitation, *, name: str, password: str, language: str) -> User:
    """Make the invited person, who is new, and a member of them. Raises InvitationInvalid when somebody was faster.

    Their time zone is at first that of the first network that they may open.
    """
    user = User(email=invitation.email, name=name, language=language, time_zone=_first_zone(invitation))
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            accept(invitation, user)
    except IntegrityError:  # the same link, sent twice
        raise InvitationInvalid from None
    return user


def _first_zone(invitation: Invitation) -> str:
    networks = invitation.organization.networks.order_by("name")
    if not invitation.is_admin:
        networks = networks.filter(id__in=list(invitation.network_roles))
    return networks.values_list("time_zone", flat=True).first() or "UTC"


def accept(invitation: Invitation, user: User) -> Membership:
    """Make the invited person a member. Raises InvitationInvalid when somebody was faster."""
    with transaction.atomic():
        _one_change_at_a_time(invitation.organization_id)
        used = Invitation.objects.filter(id=invitation.id, accepted_at=None, withdrawn_at=None).update(
            accepted_at=timezone.now()
        )
        if used != 1:
            raise InvitationInvalid
        membership, _made = Membership.objects.get_or_create(organization=invitation.organization, user=user)
        membership.is_admin = membership.is_admin or invitation.is_admin
        membership.save()
        known = set(invitation.organization.networks.values_list("id", flat=True))
        for network_id, role in invitation.network_roles.items():
            if UUID(network_id) in known:
                NetworkRole.objects.update_or_create(
                    membership=membership, network_id=UUID(network_id), defaults={"role": role}
                )
        _end_open_invitations(invitation.organization, invitation.email)
        _record(invitation.organization, "invitation_accepted", user, user.email, {})
    return membership


def withdraw(invitation: Invitation, *, actor: User) -> None:
    """Make an open invitation worthless."""
    Invitation.objects.filter(id=invitation.id, accepted_at=None).update(withdrawn_at=timezone.now())
    _record(invitation.organization, "invitation_withdrawn", actor, invitation.email, {})


def change_roles(membership: Membership, *, is_admin: bool, roles: Roles, actor: User) -> None:
    """Set a member's roles. Raises LastAdmin, and NoLongerMember."""
    with transaction.atomic():
        if _as_it_is_now(membership).is_admin and not is_admin:
            _keep_an_admin(membership)
        membership.is_admin = is_admin
        membership.save()
        membership.network_roles.all().delete()
        if not is_admin:
            NetworkRole.objects.bulk_create(
                NetworkRole(membership=membership, network_id=network_id, role=role)
                for network_id, role in roles.items()
            )
        _record(membership.organization, "role_changed", actor, membership.user.email, _describe(is_admin, roles))


def remove(membership: Membership, *, actor: User) -> None:
    """End a membership, and the links by which the person could come back. Raises LastAdmin, and NoLongerMember."""
    with transaction.atomic():
        if _as_it_is_now(membership).is_admin:
            _keep_an_admin(membership)
        email, organization = membership.user.email, membership.organization
        membership.delete()
        _end_open_invitations(organization, email)
        _record(organization, "person_removed", actor, email, {})


def _one_change_at_a_time(organization_id: UUID) -> None:
    """Keep other changes of an organization's people waiting until the end of the transaction."""
    lock(f"people {organization_id}", wait=True)


def _as_it_is_now(membership: Membership) -> Membership:
    """Return the membership anew, others kept waiting: meanwhile the member may be the last admin, or gone."""
    _one_change_at_a_time(membership.organization_id)
    found = Membership.objects.filter(id=membership.id).first()
    if found is None:
        raise NoLongerMember
    return found


def _keep_an_admin(membership: Membership) -> None:
    """Raise LastAdmin unless another admin exists. Others are kept waiting."""
    others = Membership.objects.filter(organization=membership.organization, is_admin=True).exclude(id=membership.id)
    if not others.exists():
        raise LastAdmin


def _end_open_invitations(organization: Organization, address: str) -> None:
    """Make worthless what was sent before: an older link may give more than its reader may have by now."""
    earlier = Invitation.objects.filter(organization=organization, email=address, accepted_at=None, withdrawn_at=None)
    earlier.update(withdrawn_at=timezone.now())


def _describe(is_admin: bool, roles: Roles) -> dict[str, Any]:
    return {"admin": is_admin, "roles": {str(network_id): str(role) for network_id, role in roles.items()}}


def _record(organization: Organization, action: str, actor: Actor | str, subject: str, details: dict[str, Any]) -> None:
    record(action, actor=actor, organization_id=organization.id, subject=subject, details=details)
