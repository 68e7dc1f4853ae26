"""Judges unverified and quarantined deliveries again after secrets or recipe changed."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from integrations.mobility_work.signature import DEFAULT_WORK_BYTES, Recipe
from portal.lib.scope import network_scope
from portal.networks.inbox import pin_recipe_of_delivery, valid_secrets
from portal.networks.models import Inbox, Network
from portal.trail.record import PORTAL, record
from portal.webhooks.intake import Judgement, OpenInbox, judge
from portal.webhooks.lock import lock_network
from portal.webhooks.models import Delivery, Processing, QuarantinedDelivery, Verdict
from portal.webhooks.standing import refresh_standing

BATCH = 200
# Nobody waits for an answer here: bodies that were too large for a search by the receiver are searched now.
MAX_WORK_BYTES = 50 * DEFAULT_WORK_BYTES
NEVER = UUID(int=0)


def recheck(network_id: UUID) -> int:
    """Judge everything again that might be good now; return how many deliveries became verified.

    Works in batches of their own transactions; when the process dies in between, the wish is still recorded and the
    next sweep begins again.
    """
    with network_scope(network_id):
        wanted_at = Inbox.objects.get(network_id=network_id).recheck_wanted_at
    improved = 0
    for step in (_recheck_unverified, _recheck_quarantine):
        after: UUID | None = NEVER
        while after is not None:
            with network_scope(network_id):
                count, after = step(network_id, after)
                improved += count
    with network_scope(network_id):
        # Unless somebody changed a secret meanwhile, the wish is fulfilled.
        Inbox.objects.filter(network_id=network_id, recheck_wanted_at=wanted_at).update(recheck_wanted_at=None)
    return improved


def open_inbox(network_id: UUID) -> OpenInbox:
    """Return the inbox as the receiver would see it now, without an address. Needs the network's scope."""
    inbox = Inbox.objects.get(network_id=network_id)
    return OpenInbox(
        address_id=NEVER,
        network_id=network_id,
        secrets=tuple(valid_secrets(network_id)),
        recipe=Recipe.from_dict(inbox.recipe) if inbox.recipe else None,
        nonce_length=inbox.recipe.get("nonce_length") if inbox.recipe else None,
    )


def _judge_again(inbox: OpenInbox, delivery: Delivery | QuarantinedDelivery) -> Judgement:
    headers = delivery.headers if isinstance(delivery.headers, dict) else json.loads(delivery.headers)
    return judge(
        inbox,
        header=headers.get("x-mw-signature"),
        body=bytes(delivery.body),
        now=delivery.received_at,
        tolerance=settings.HOOKS_TOLERANCE_SECONDS,
        max_work_bytes=MAX_WORK_BYTES,
    )


def _adopt(inbox: OpenInbox, judgement: Judgement) -> OpenInbox:
    """Pin the recipe that matched, when none is pinned yet, so that the search is done once."""
    if inbox.recipe is None and judgement.recipe:
        pin_recipe_of_delivery(inbox.network_id, recipe=judgement.recipe, nonce_length=len(judgement.nonce or ""))
        return replace(open_inbox(inbox.network_id), address_id=inbox.address_id)
    return inbox


def _recheck_unverified(network_id: UUID, after: UUID) -> tuple[int, UUID | None]:
    lock_network(network_id, wait=True)
    inbox = open_inbox(network_id)
    rows = list(
        Processing.objects.filter(network_id=network_id, verdict=Verdict.UNVERIFIED, delivery_id__gt=after).order_by(
            "delivery_id"
        )[:BATCH]
    )
    deliveries = Delivery.objects.filter(network_id=network_id, id__in=[row.delivery_id for row in rows])
    by_id = {delivery.id: delivery for delivery in deliveries}
    positions: set[int] = set()
    improved = 0
    for row in rows:
        judgement = _judge_again(inbox, by_id[row.delivery_id])
        if not judgement.recipe:
            continue
        inbox = _adopt(inbox, judgement)
        improved += Processing.objects.filter(network_id=network_id, delivery_id=row.delivery_id).update(
            verdict=judgement.verdict, updated_at=timezone.now()
        )
        if row.position is not None:
            positions.add(row.position)
    if positions:
        refresh_standing(network_id, positions)
    return improved, rows[-1].delivery_id if len(rows) == BATCH else None


def _recheck_quarantine(network_id: UUID, after: UUID) -> tuple[int, UUID | None]:
    lock_network(network_id, wait=True)
    inbox = open_inbox(network_id)
    rows = list(QuarantinedDelivery.objects.filter(network_id=network_id, id__gt=after).order_by("id")[:BATCH])
    good: list[tuple[QuarantinedDelivery, Judgement]] = []
    for row in rows:
        judgement = _judge_again(inbox, row)
        # Without a pin or a secret everything counts as unverified: released it would only change its place.
        if judgement.recipe or (inbox.recipe is None and not judgement.refused):
            inbox = _adopt(inbox, judgement)
            good.append((row, judgement))
    if good:
        _release(network_id, good)
    return len(good), rows[-1].id if len(rows) == BATCH else None


def _release(network_id: UUID, good: list[tuple[QuarantinedDelivery, Judgement]]) -> None:
    """Move deliveries from the quarantine into the log, with their true receive time."""
    Delivery.objects.bulk_create(
        Delivery(
            network_id=network_id,
            id=row.id,
            address_id=row.address_id,
            received_at=row.received_at,
            body=bytes(row.body),
            headers=row.headers,
            verdict=judgement.verdict,
            verdict_reason=judgement.reason,
            signed_at=judgement.signed_at,
            nonce=judgement.nonce,
            recipe=judgement.recipe,
            from_quarantine=True,
        )
        for row, judgement in good
    )
    Processing.objects.bulk_create(
        Processing(network_id=network_id, delivery_id=row.id, verdict=judgement.verdict) for row, judgement in good
    )
    QuarantinedDelivery.objects.filter(network_id=network_id, id__in=[row.id for row, _ in good]).delete()
    network = Network.objects.get(id=network_id)
    record(
        "quarantine_released",
        actor=PORTAL,
        organization_id=network.organization_id,
        network_id=network_id,
        subject=network.name,
        details={"deliveries": len(good)},
    )
