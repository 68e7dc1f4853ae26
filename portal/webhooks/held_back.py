"""Reads what may not take effect on a network: deliveries in trouble, and those that were refused. Latest first."""

from __future__ import annotations

from uuid import UUID

from portal.networks.models import Network
from portal.webhooks.models import Delivery, Processing, QuarantinedDelivery

SHOWN_BYTES = 4000  # of a body


def troubled_page(
    network: Network, *, before: UUID | None, size: int
) -> tuple[list[tuple[Processing, Delivery]], UUID | None]:
    """Return one page of deliveries that are held or failed, and where the next begins. Needs the scope."""
    found = Processing.objects.filter(network_id=network.id, state__in=["failed", "held"]).order_by("-delivery_id")
    if before:
        found = found.filter(delivery_id__lt=before)
    some = list(found[: size + 1])
    more, some = len(some) > size, some[:size]
    deliveries = Delivery.objects.filter(network_id=network.id, id__in=[item.delivery_id for item in some])
    by_id = {delivery.id: delivery for delivery in deliveries}
    return [(item, by_id[item.delivery_id]) for item in some], some[-1].delivery_id if more else None


def refused_page(network: Network, *, before: UUID | None, size: int) -> tuple[list[QuarantinedDelivery], UUID | None]:
    """Return one page of deliveries that were refused, and where the next begins. Needs the scope."""
    found = QuarantinedDelivery.objects.filter(network_id=network.id).order_by("-id")
    if before:
        found = found.filter(id__lt=before)
    some = list(found[: size + 1])
    return some[:size], some[size - 1].id if len(some) > size else None


def text_of(body: bytes | memoryview) -> str:
    """Return the beginning of a body as text, whatever bytes it has."""
    return bytes(body)[:SHOWN_BYTES].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
