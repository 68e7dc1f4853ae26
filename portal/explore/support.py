"""Support bundles of events, and of deliveries that became none: one click, kept in the trail."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.jobs.queries import caused_by
from portal.lib.support_text import facts, moment
from portal.networks.acts import record_act
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.networks.scrub import scrub
from portal.timeline.models import Event, Reading
from portal.webhooks.models import Delivery, Processing
from portal.webhooks.support import deliveries_of, delivery_text, quarantined_text, received_at_inbox


@never_cache
@require_GET
def event_bundle(request: PortalRequest, slug: str, position: int) -> HttpResponse:
    """Hand out the bundle of one event with all its deliveries."""
    network = request.access.network(slug)
    recorded = Event.objects.filter(network_id=network.id, position=position).first()
    reading = Reading.objects.defer("terms").filter(network_id=network.id, position=position).first()
    if recorded is None or reading is None:
        raise Http404(_("There is no such event on this network."))
    about = received_at_inbox(network) | {
        "Event": reading.type or "unknown",
        "Idempotency key": reading.idempotency_key or "–",
        "Identity": f"SHA-256 {bytes(recorded.identity).hex()}",
        "Position": str(position),
        "Occurred (UTC)": f"{moment(reading.occurred_at)}, from {reading.occurred_from}",
        "First received (UTC)": moment(reading.first_received_at),
        "Last received (UTC)": moment(reading.last_received_at),
        "Deliveries": str(reading.deliveries),
        "Remarkable": ", ".join(reading.flags) or "–",
        "Differs from contract": "; ".join(f"{each['code']} {each['path']}".strip() for each in reading.differences)
        or "–",
        "Caused by": "; ".join(
            f"job {job.id}, row {each.number}, {each.verdict}" for each, job in caused_by(network, position)[:5]
        )
        or "no request of the portal is known",
    }
    return _answer(request, network, [facts(about), *deliveries_of(network, position)], name=f"event-{position}")


@never_cache
@require_GET
def delivery_bundle(request: PortalRequest, slug: str, delivery_id: UUID) -> HttpResponse:
    """Hand out the bundle of one delivery, also of one that was refused or became no event."""
    network = request.access.network(slug)
    delivery = Delivery.objects.filter(network_id=network.id, id=delivery_id).first()
    if delivery is not None:
        state = Processing.objects.get(network_id=network.id, delivery_id=delivery_id)
        text = delivery_text(delivery, state)
    else:
        text = quarantined_text(network, delivery_id) or ""
    if not text:
        raise Http404(_("There is no such delivery on this network."))
    return _answer(request, network, [facts(received_at_inbox(network)), text], name=f"delivery-{delivery_id}")


def _answer(request: PortalRequest, network: Network, parts: list[str], *, name: str) -> HttpResponse:
    record_act(
        network, "support_bundle_taken", actor=request.access.user, about=name.replace("-", " ", 1),
        address=request.META.get("REMOTE_ADDR"),
    )  # fmt: skip
    text = scrub(network, "\n\n=====\n".join(parts) + "\n")
    disposition = content_disposition_header(as_attachment=True, filename=f"support-{name}.txt") or ""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": disposition})
