"""Making, finding and revoking tokens. The token itself is shown once and kept nowhere: its hash finds it."""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from portal.accounts.models import Organization
from portal.api.models import Scope, Token
from portal.lib.scope import tenant_scope
from portal.lib.sealing import last_four, token_hash
from portal.networks.models import Network
from portal.trail.record import Actor, record

PREFIX = "portal_"  # so that people, and programs that look for leaked secrets, know one when they see it
MAX_LENGTH = 200
MAX_DAYS = 730
USE_NOTED_EVERY = timedelta(minutes=1)


class ForeignNetwork(ValueError):
    """A token was asked for a network that is not the organization's."""


class LifetimeRefused(ValueError):
    """A token lives for at least a day and at most two years."""


class TokenRefused(Exception):
    """A token opens nothing: it was never made, it has expired, or it was revoked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class OpenToken:
    """A token just made, to be shown once."""

    token: Token
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks: what a valid token may do, and on which networks."""

    token_id: UUID
    organization_id: UUID
    scopes: frozenset[str]
    networks: tuple[Network, ...]


def create_token(
    organization: Organization,
    *,
    name: str,
    scopes: Sequence[Scope],
    networks: Sequence[Network] | None,
    days: int,
    actor: Actor | str,
) -> OpenToken:
    """Make a token; `networks` None means all of the organization. Needs the organization's scope.

    Raises ForeignNetwork and LifetimeRefused.
    """
    if any(network.organization_id != organization.id for network in networks or ()):
        raise ForeignNetwork
    if not 1 <= days <= MAX_DAYS:
        raise LifetimeRefused
    text = PREFIX + random.token_urlsafe(32)
    now = timezone.now()
    made = Token.objects.create(
        organization=organization,
        name=name,
        token_hash=token_hash(text),
        last_four=last_four(text),
        scopes=[scope.value for scope in scopes],
        networks=None if networks is None else [network.id for network in networks],
        created_by=actor if isinstance(actor, str) else actor.email,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    details = {
        "scopes": made.scopes,
        "networks": "all" if networks is None else [network.slug for network in networks],
        "expires": made.expires_at.isoformat(),
    }
    record("api_token_created", actor=actor, organization_id=organization.id, subject=str(made), details=details)
    return OpenToken(made, text)


def revoke_token(token: Token, *, actor: Actor | str) -> None:
    """Let a token open nothing any more, at once. Revoking it again changes nothing. Needs the organization's scope."""
    if Token.objects.filter(id=token.id, revoked_at=None).update(revoked_at=timezone.now()):
        record("api_token_revoked", actor=actor, organization_id=token.organization_id, subject=str(token))


def find_bearer(text: str, *, now: datetime) -> Bearer:
    """Return who holds this token, and note that it is used. Needs no scope. Raises TokenRefused."""
    if not text.startswith(PREFIX) or len(text) > MAX_LENGTH:
        raise TokenRefused("unknown")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_api_token(%s)", [token_hash(text)])
        row = cursor.fetchone()
    if row is None:
        raise TokenRefused("unknown")
    token_id, organization_id, scopes, networks, expires_at, revoked_at, last_used_at = row
    if revoked_at is not None:
        raise TokenRefused("revoked")
    if expires_at <= now:
        raise TokenRefused("expired")
    if last_used_at is None or now - last_used_at >= USE_NOTED_EVERY:
        _note_use(token_id, organization_id, now)
    mine = Network.objects.filter(organization_id=organization_id)
    if networks is not None:
        mine = mine.filter(id__in=networks)
    found = tuple(mine.select_related("organization").order_by("slug"))
    return Bearer(token_id, organization_id, frozenset(scopes), found)


def _note_use(token_id: UUID, organization_id: UUID, now: datetime) -> None:
    """Write down the use in a transaction of its own, so that no request holds the row while it reads."""
    with tenant_scope(networks=[], organizations=[organization_id]):
        Token.objects.filter(id=token_id).update(last_used_at=now)
