"""Stores deliveries with a receive time of the past, judged exactly as the receiver judges."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from portal.lib.ids import new_id
from portal.networks.models import InboxAddress
from portal.webhooks.intake import judge, kept_headers
from portal.webhooks.models import Delivery, Processing
from portal.webhooks.recheck import open_inbox


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A webhook call as it came."""

    received_at: datetime
    body: bytes
    headers: dict[str, str]


def store_past(network_id: UUID, requests: Iterable[PastRequest]) -> int:
    """Store what an inbox accepts of these requests, waiting to be drained; return how many. Needs the scope."""
    inbox = open_inbox(network_id)
    address = InboxAddress.objects.filter(network_id=network_id).latest("created_at")
    deliveries = []
    for request in requests:
        headers = {name.lower(): value for name, value in request.headers.items()}
        judgement = judge(
            inbox,
            header=headers.get("x-mw-signature"),
            body=request.body,
            now=request.received_at,
            tolerance=settings.HOOKS_TOLERANCE_SECONDS,
        )
        if judgement.refused:
            continue
        deliveries.append(
            Delivery(
                network_id=network_id,
                id=new_id(),
                address_id=address.id,
                received_at=request.received_at,
                body=request.body,
                headers=json.loads(kept_headers((n.encode(), v.encode()) for n, v in headers.items())),
                verdict=judgement.verdict,
                verdict_reason=judgement.reason,
                signed_at=judgement.signed_at,
                nonce=judgement.nonce,
                recipe=judgement.recipe,
            )
        )
    Delivery.objects.bulk_create(deliveries, batch_size=1000)
    Processing.objects.bulk_create(
        (
            Processing(network_id=network_id, delivery_id=delivery.id, verdict=delivery.verdict)
            for delivery in deliveries
        ),
        batch_size=1000,
    )
    return len(deliveries)
