"""Judges unverified and quarantined deliveries again after secrets or recipe changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from integrations.mobility_work.signature import DEFAULT_WORK_BYTES, Recipe
from portal.lib.scope import network_scope
from portal.networks.acts import record_act
from portal.networks.inbox import pin_recipe_of_delivery, valid_secrets
from portal.networks.models import Inbox, Network
from portal.trail.record import PORTAL
from portal.webhooks.coverage import add_signed
from portal.webhooks.intake import Judgement, OpenInbox, judge
from portal.webhooks.lock import lock_network
from portal.webhooks.models import Delivery, Processing, QuarantinedDelivery, Verdict
from portal.webhooks.projections import project
from portal.webhooks.standing import refresh_standing

BATCH = 200
# Nobody waits for an answer here: bodies that were too large for a search by the receiver are searched now.
MAX_WORK_BYTES = 50 * DEFAULT_WORK_BYTES
NEVER = UUID(int=0)
LEASE = timedelta(minutes=5)  # longer than a batch takes
# By then each receiver has looked up secrets and recipe again; until then it may refuse what they would let in.
KNOWN_EVERYWHERE = timedelta(seconds=10)


def recheck(network_id: UUID) -> int:
    """Judge everything again that might be good now; return how many deliveries became verified.

    Works in batches of their own transactions, one worker at a time at a network; when the process dies in between,
    the wish is still recorded, and a later sweep goes on from there.
    """
    started = timezone.now()
    with network_scope(network_id):
        wish, after = _claim(network_id, started)
    if wish is None:
        return 0
    improved = 0
    for step, place in ((_recheck_quarantine, NEVER), (_recheck_unverified, after or NEVER)):
        reached: UUID | None = place
        while reached is not None:
            with network_scope(network_id):
                count, reached = step(network_id, reached)
                improved += count
                _keep_claim(network_id, wish, after=reached if step is _recheck_unverified else None)
    with network_scope(network_id):
        _end_claim(network_id, wish, started)
    return improved


def _claim(network_id: UUID, now: datetime) -> tuple[datetime | None, UUID | None]:
    """Return since when judging again is wanted and how far it came, and keep others away; None: nothing to do."""
    inbox = Inbox.objects.select_for_update().get(network_id=network_id)
    if inbox.recheck_wanted_at is None or (inbox.recheck_not_before or now) > now:
        return None, None
    Inbox.objects.filter(network_id=network_id).update(recheck_not_before=now + LEASE)
    return inbox.recheck_wanted_at, inbox.recheck_after


def _keep_claim(network_id: UUID, wish: datetime, *, after: UUID | None) -> None:
    Inbox.objects.filter(network_id=network_id).update(recheck_not_before=timezone.now() + LEASE)
    if after is not None:
        Inbox.objects.filter(network_id=network_id, recheck_wanted_at=wish).update(recheck_after=after)


def _end_claim(network_id: UUID, wish: datetime, started: datetime) -> None:
    """Call the wish fulfilled, unless somebody changed a secret meanwhile or receivers may not know of it yet."""
    Inbox.objects.filter(network_id=network_id).update(recheck_not_before=None)
    same = Inbox.objects.filter(network_id=network_id, recheck_wanted_at=wish)
    if wish + KNOWN_EVERYWHERE <= started:
        same.update(recheck_wanted_at=None, recheck_after=None)
    else:
        same.update(recheck_not_before=wish + KNOWN_EVERYWHERE, recheck_after=None)


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
    rows = list(
        Processing.objects.filter(network_id=network_id, verdict=Verdict.UNVERIFIED, delivery_id__gt=after).order_by(
            "delivery_id"
        )[:BATCH]
    )
    return _judge_unverified(network_id, rows), rows[-1].delivery_id if len(rows) == BATCH else None


def search_longer(network_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Judge unverified deliveries for which the receiver could not take the time. Needs the lock."""
    wanted = Processing.objects.filter(network_id=network_id, delivery_id__in=delivery_ids, verdict=Verdict.UNVERIFIED)
    _judge_unverified(network_id, list(wanted.order_by("delivery_id")))


def _judge_unverified(network_id: UUID, rows: Sequence[Processing]) -> int:
    """Judge again, and return how many became verified."""
    inbox = open_inbox(network_id)
    deliveries = Delivery.objects.filter(network_id=network_id, id__in=[row.delivery_id for row in rows])
    by_id = {delivery.id: delivery for delivery in deliveries}
    positions: set[int] = set()
    processed: list[UUID] = []
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
            processed.append(row.delivery_id)
    if positions:
        add_signed(network_id, processed)
        refresh_standing(network_id, positions)
        project(network_id, positions)
    return improved


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
    record_act(network, "quarantine_released", actor=PORTAL, details={"deliveries": len(good)})
