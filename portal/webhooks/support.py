"""Support bundles of what an inbox received: headers, signature and bytes as they came, without any secret."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.conf import settings

from portal.lib.support_text import body, facts, headers, moment
from portal.networks.models import Inbox, Network
from portal.networks.scrub import GONE
from portal.webhooks.models import Delivery, Processing, QuarantinedDelivery

DELIVERIES = 10  # of one event; the vendor tries three times


def received_at_inbox(network: Network) -> dict[str, str]:
    """Return what is the same for all deliveries of a network."""
    inbox = Inbox.objects.filter(network_id=network.id).first()
    return {
        "Network": f"{network.name} ({network.vendor_network_id})",
        "Endpoint": f"POST {settings.PORTAL_HOOKS_BASE_URL}/hooks/{GONE}/",
        "Signature recipe": (inbox.recipe or {}).get("name", "pinned") if inbox and inbox.recipe else "none is known",
        "Tolerance (seconds)": str(settings.HOOKS_TOLERANCE_SECONDS),
    }


def deliveries_of(network: Network, position: int) -> list[str]:
    """Return the deliveries of one event, oldest first, each as text. Needs the network's scope."""
    states = {
        state.delivery_id: state
        for state in Processing.objects.filter(network_id=network.id, position=position).order_by("delivery_id")
    }
    found = Delivery.objects.filter(network_id=network.id, id__in=states).order_by("received_at", "id")
    return [delivery_text(delivery, states[delivery.id]) for delivery in found[:DELIVERIES]]


def delivery_text(delivery: Delivery, state: Processing) -> str:
    """Return what is known of one delivery."""
    difference = (delivery.received_at - delivery.signed_at).total_seconds() if delivery.signed_at else None
    about = {
        "Delivery": str(delivery.id),
        "Received (UTC)": moment(delivery.received_at),
        "Answered": "401, then taken in from the quarantine" if delivery.from_quarantine else "200",
        "Signature on receipt": delivery.verdict + (f" ({delivery.verdict_reason})" if delivery.verdict_reason else ""),
        "Signature now": state.verdict,
        "Signed at (UTC)": moment(delivery.signed_at),
        "Signed before receipt": f"{difference:.1f} seconds" if difference is not None else "–",
        "Nonce": delivery.nonce or "–",
        "Recipe that matched": delivery.recipe or "none",
        "Processing": state.state + (", the event was there already" if state.repeat else ""),
        "Error": state.error or "–",
    }
    return _with_bytes(about, delivery.headers, delivery.body)


def quarantined_text(network: Network, delivery_id: UUID) -> str | None:
    """Return what is known of one request that was refused; None where there is none. Needs the network's scope."""
    found = QuarantinedDelivery.objects.filter(network_id=network.id, id=delivery_id).first()
    if found is None:
        return None
    about = {
        "Delivery": str(found.id),
        "Received (UTC)": moment(found.received_at),
        "Answered": "401",
        "Signature": found.reason,
    }
    return _with_bytes(about, found.headers, found.body)


def _with_bytes(about: dict[str, str], kept: dict[str, str], content: bytes | memoryview) -> str:
    size = len(bytes(content))
    about |= {"Body": f"{size} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"}
    return "\n\n".join([facts(about), headers("Headers", kept), body("Body", content, size)])
