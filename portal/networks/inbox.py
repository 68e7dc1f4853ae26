"""Inboxes: addresses, signing secrets and recipes. Every change makes the receiver and the drain look again."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.mobility_work.signature import CANDIDATES
from portal.lib.ids import new_id
from portal.lib.sealing import fingerprint, last_four, sealer, token_hash
from portal.networks.acts import record_act
from portal.networks.models import Inbox, InboxAddress, Network, SigningSecret
from portal.trail.record import PORTAL, Actor

MAX_OVERLAP = timedelta(days=7)
MIN_SECRET_LENGTH = 16
RECIPES = {recipe.name: recipe for recipe in CANDIDATES}


class OverlapTooLong(ValueError):
    """Old and new may be valid together for seven days at most."""


class AlreadyAdded(Exception):
    """The secret of this id was added before: by the same form, sent twice."""

    def __init__(self, added: SigningSecret) -> None:
        super().__init__(added.fingerprint)
        self.added = added


class SecretTooShort(ValueError):
    """A signing secret that could be guessed."""


@dataclass(frozen=True, slots=True)
class OpenSecret:
    """A signing secret just made or given, to be shown once."""

    id: UUID
    text: str = field(repr=False)


def hook_url(token: str) -> str:
    """Return the address that is pasted into Mobility Work's settings."""
    return f"{settings.PORTAL_HOOKS_BASE_URL}/hooks/{token}/"


def create_inbox(network: Network) -> tuple[Inbox, str]:
    """Give a network its inbox and first address; return both. Needs the network's scope."""
    inbox = Inbox.objects.create(network=network)
    return inbox, _new_address(inbox)


def _new_address(inbox: Inbox) -> str:
    token = random.token_urlsafe(32)
    InboxAddress.objects.create(
        network_id=inbox.network_id, inbox=inbox, token_hash=token_hash(token), sealed_token=sealer().seal(token)
    )
    return token


def current_token(network_id: UUID) -> str:
    """Return the token of the address that is to be used now."""
    address = InboxAddress.objects.filter(network_id=network_id, valid_until=None).latest("created_at")
    return sealer().open(address.sealed_token)


def add_secret(
    network: Network,
    *,
    actor: Actor | str,
    text: str | None = None,
    overlap: timedelta = MAX_OVERLAP,
    secret_id: UUID | None = None,
) -> OpenSecret:
    """Add a signing secret, generated unless given; the ones before it stay valid for `overlap`.

    Raises OverlapTooLong, SecretTooShort for a given one of fewer than 16 characters, and AlreadyAdded.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise OverlapTooLong
    if text is not None and len(text) < MIN_SECRET_LENGTH:
        raise SecretTooShort
    word = text or random.token_urlsafe(32)
    inbox = _inbox_alone(network)
    if secret_id and (added := SigningSecret.objects.filter(network_id=network.id, id=secret_id).first()):
        raise AlreadyAdded(added)
    _expire(SigningSecret.objects.filter(network_id=network.id), overlap)
    added = SigningSecret.objects.create(
        id=secret_id or new_id(),
        network=network,
        inbox=inbox,
        sealed_secret=sealer().seal(word),
        last_four=last_four(word),
        fingerprint=fingerprint(word),
        created_by_id=None if isinstance(actor, str) else actor.id,
    )
    want_recheck(network.id)
    record_act(
        network,
        "secret_added",
        actor=actor,
        details={"fingerprint": added.fingerprint, "overlap_hours": _hours(overlap)},
    )
    return OpenSecret(added.id, word)


def rotate_address(network: Network, *, actor: Actor | str, overlap: timedelta = MAX_OVERLAP) -> str:
    """Give the inbox a new address; the old ones answer for `overlap`. Raises OverlapTooLong."""
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise OverlapTooLong
    inbox = _inbox_alone(network)
    _expire(InboxAddress.objects.filter(network_id=network.id), overlap)
    token = _new_address(inbox)
    record_act(network, "address_rotated", actor=actor, details={"overlap_hours": _hours(overlap)})
    return token


def _inbox_alone(network: Network) -> Inbox:
    """Return the inbox and keep other rotations waiting: each lets all but its own end."""
    return Inbox.objects.select_for_update().get(network_id=network.id)


def _expire(rows: Any, overlap: timedelta) -> None:
    """Let rows end after `overlap`, unless they end sooner already."""
    until = timezone.now() + overlap
    rows.filter(Q(valid_until=None) | Q(valid_until__gt=until)).update(valid_until=until)


def retire_secret(network: Network, secret_id: UUID, *, actor: Actor | str) -> None:
    """End a secret at once. Raises SigningSecret.DoesNotExist."""
    secret = SigningSecret.objects.get(network_id=network.id, id=secret_id)
    secret.valid_until = timezone.now()
    secret.save(update_fields=["valid_until"])
    record_act(network, "secret_retired", actor=actor, details={"fingerprint": secret.fingerprint})


def reveal_secret(network: Network, secret_id: UUID, *, actor: Actor) -> str:
    """Return a secret in clear, for an admin who has just signed in again; the trail keeps who asked."""
    secret = SigningSecret.objects.get(network_id=network.id, id=secret_id)
    record_act(network, "secret_revealed", actor=actor, details={"fingerprint": secret.fingerprint})
    return sealer().open(secret.sealed_secret)


def valid_secrets(network_id: UUID, *, at: datetime | None = None) -> list[str]:
    """Return the opened secrets that are valid now, newest first."""
    now = at or timezone.now()
    rows = SigningSecret.objects.filter(network_id=network_id).filter(Q(valid_until=None) | Q(valid_until__gt=now))
    return [sealer().open(row.sealed_secret) for row in rows.order_by("-created_at")]


def pin_recipe_of_delivery(network_id: UUID, *, recipe: str, nonce_length: int) -> bool:
    """Pin the recipe under which a delivery was verified, unless one is pinned; return whether one is pinned now."""
    inbox = Inbox.objects.get(network_id=network_id)
    if inbox.recipe is not None:
        return True
    if recipe not in RECIPES or not RECIPES[recipe].covers_everything:
        return False
    pinned = {**RECIPES[recipe].to_dict(), "nonce_length": nonce_length}
    now = timezone.now()
    if Inbox.objects.filter(network_id=network_id, recipe__isnull=True).update(
        recipe=pinned, recipe_pinned_at=now, recheck_wanted_at=now, recheck_after=None
    ):
        network = Network.objects.get(id=network_id)
        record_act(network, "recipe_pinned", actor=PORTAL, details={"recipe": recipe})
    return True


def release_recipe(network: Network, *, actor: Actor | str) -> None:
    """Forget the pinned recipe: deliveries are accepted unverified until one matches again."""
    Inbox.objects.filter(network_id=network.id).update(recipe=None, recipe_pinned_at=None)
    want_recheck(network.id)
    record_act(network, "recipe_unpinned", actor=actor)


def want_recheck(network_id: UUID) -> None:
    """Ask for unverified and quarantined deliveries to be judged again."""
    Inbox.objects.filter(network_id=network_id).update(recheck_wanted_at=timezone.now(), recheck_after=None)


def _hours(overlap: timedelta) -> float:
    return round(overlap.total_seconds() / 3600, 2)
