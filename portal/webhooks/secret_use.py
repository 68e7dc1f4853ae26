"""Keeps when each signing secret last fitted a delivery: an old one may be ended once the vendor uses it no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from integrations.mobility_work.signature import MalformedSignature, parse_header, verify
from portal.lib.sealing import SealingError, sealer
from portal.networks.inbox import RECIPES
from portal.networks.models import SigningSecret
from portal.webhooks.models import Delivery

LOOKED_AT = 20  # of the newest verified deliveries of a batch
PRECISION = timedelta(minutes=1)


def note_secrets_used(network_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Find under which secrets these verified deliveries were signed. Needs the network's scope."""
    now = timezone.now()
    valid = SigningSecret.objects.filter(network_id=network_id).filter(Q(valid_until=None) | Q(valid_until__gt=now))
    secrets = list(valid.order_by("-created_at")) if delivery_ids else []
    if all(secret.last_used_at and now - secret.last_used_at < PRECISION for secret in secrets):
        return
    try:
        opened = [sealer().open(secret.sealed_secret) for secret in secrets]
    except SealingError:  # whoever keeps the sealing keys hears of it from the receiver; no event waits for this
        return
    used: dict[UUID, datetime] = {}
    newest = Delivery.objects.filter(network_id=network_id, id__in=delivery_ids).order_by("-id")[:LOOKED_AT]
    for delivery in newest:
        index = _secret_of(delivery, opened)
        if index is not None:
            used.setdefault(secrets[index].id, delivery.received_at)
    for secret_id, received_at in used.items():
        older = Q(last_used_at=None) | Q(last_used_at__lt=received_at)
        SigningSecret.objects.filter(older, network_id=network_id, id=secret_id).update(last_used_at=received_at)


def _secret_of(delivery: Delivery, secrets: Sequence[str]) -> int | None:
    recipe = RECIPES.get(delivery.recipe)
    try:
        signature = parse_header(delivery.headers.get("x-mw-signature", ""))
    except MalformedSignature:
        return None
    return verify(signature, recipe=recipe, secrets=secrets, body=bytes(delivery.body)) if recipe else None
