"""Pages that join several apps: the overview, an event with its deliveries, a subject's timeline, the audit trail."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.client_address import client_address
from portal.explore.equipment import equipment_context
from portal.explore.facts import facts_of
from portal.explore.task_page import task_context
from portal.jobs.queries import caused_by
from portal.networks.acts import record_act
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.timeline.differences import words_of
from portal.timeline.filters import KINDS, Filters, read_filters
from portal.timeline.models import Event, EventSubject, Reading, Subject
from portal.timeline.queries import neighbours, timeline_page
from portal.timeline.rows import row_of
from portal.timeline.sentences import subject_url
from portal.timeline.views import shown_networks, timeline_context, zone_of
from portal.webhooks.models import Delivery, Processing

RELATED = 8


@require_GET
def event(request: PortalRequest, slug: str, position: int) -> HttpResponse:
    """Show one event: what it says, what is related, and the evidence."""
    network = request.access.network(slug)
    reading = Reading.objects.defer("terms").filter(network_id=network.id, position=position).first()
    recorded = Event.objects.filter(network_id=network.id, position=position).first()
    if reading is None or recorded is None:
        raise Http404(_("There is no such event on this network."))
    filters = read_filters(request.GET)
    networks = shown_networks(request.access, filters)
    zone = ZoneInfo(network.time_zone)
    newer, older = neighbours(networks, filters, reading, zone=zone_of(networks), now=timezone.now())
    by_id = {item.id: item for item in networks}
    query = filters.query_string()
    raw = bytes(recorded.raw)
    return render(
        request,
        "explore/event.html",
        {
            "network": network,
            "row": row_of(reading, network, zone=zone),
            "reading": reading,
            "facts": facts_of(reading.facts, network),
            "differences": [(words_of(item["code"]), item) for item in reading.differences],
            "subjects": _subjects(network, position),
            "related": _related(network, reading, zone),
            "causes": [(each, job, OPERATIONS[job.operation]) for each, job in caused_by(network, position)],
            "deliveries": _deliveries(network, position),
            "tree": _tree(raw),
            "raw": raw.decode("utf-8", "backslashreplace")[:200_000],
            "size": len(raw),
            "identity": bytes(recorded.identity).hex(),
            "newer": row_of(newer, by_id[newer.network_id], zone=zone, query=query) if newer else None,
            "older": row_of(older, by_id[older.network_id], zone=zone, query=query) if older else None,
            "query": query,
        },
    )


def _subjects(network: Network, position: int) -> list[dict[str, str]]:
    links = EventSubject.objects.filter(network_id=network.id, position=position).values_list("kind", "key")
    wanted = set(links)
    known = Subject.objects.filter(network_id=network.id, key__in=[key for _kind, key in wanted])
    return [
        {
            "kind": subject.kind,
            "label": subject.label,
            "reference": subject.reference,
            "url": subject_url(network.slug, subject.kind, subject.key),
        }
        for subject in sorted(known, key=lambda item: (KINDS.index(item.kind), item.label))
        if (subject.kind, subject.key) in wanted
    ]


def _related(network: Network, reading: Reading, zone: ZoneInfo) -> list[Any]:
    """Return the latest events about the same task, part or equipment, this one left out."""
    found: dict[int, Reading] = {}
    links = EventSubject.objects.filter(
        network_id=network.id, position=reading.position, kind__in=["task", "part", "equipment"]
    )
    for link in links[:6]:
        view = Filters(network=network.slug, kind=link.kind, key=link.key)
        page = timeline_page([network], view, zone=zone, now=timezone.now(), size=RELATED)
        found |= {item.position: item for item in page.readings if item.position != reading.position}
    latest = sorted(found.values(), key=lambda item: bytes(item.order_key), reverse=True)
    return [row_of(item, network, zone=zone) for item in latest[:RELATED]]


def _deliveries(network: Network, position: int) -> list[dict[str, Any]]:
    states = {
        state.delivery_id: state
        for state in Processing.objects.filter(network_id=network.id, position=position).order_by("delivery_id")[:100]
    }
    deliveries = Delivery.objects.filter(network_id=network.id, id__in=states).defer("body").order_by("received_at")
    return [{"delivery": delivery, "state": states[delivery.id]} for delivery in deliveries]


def _tree(raw: bytes) -> Any:
    """Return the payload as nested (name, value) pairs for the template, or None when it is not JSON."""
    try:
        return _node(json.loads(raw), 0)
    except (ValueError, RecursionError):
        return None


def _node(value: Any, depth: int) -> Any:
    if depth > 20:
        return {"text": "…"}
    if isinstance(value, dict):
        return {"items": [(str(name), _node(inner, depth + 1)) for name, inner in list(value.items())[:500]]}
    if isinstance(value, list):
        return {"items": [(str(index), _node(inner, depth + 1)) for index, inner in enumerate(value[:500])]}
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return {"text": text}


@require_POST
def raw_payload(request: PortalRequest, slug: str, position: int) -> HttpResponse:
    """Hand out the bytes exactly as received; the audit trail keeps who asked."""
    network = request.access.network(slug)
    recorded = Event.objects.filter(network_id=network.id, position=position).first()
    if recorded is None:
        raise Http404(_("There is no such event on this network."))
    record_act(
        network,
        "payload_downloaded",
        actor=request.user,  # type: ignore[arg-type]
        about=f"#{position}",
        address=client_address(request),
    )
    response = HttpResponse(bytes(recorded.raw), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{network.slug}-event-{position}.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def subject(request: PortalRequest, slug: str, kind: str) -> HttpResponse:
    """Show one task, part, equipment, location or person, with its timeline."""
    network = request.access.network(slug)
    key = request.GET.get("key", "")[:210].replace("\0", "")
    known = Subject.objects.filter(network_id=network.id, kind=kind, key=key).first() if kind in KINDS else None
    if known is None:
        raise Http404(_("Nothing with this key was ever seen on this network."))
    filters = replace(read_filters(request.GET), network=slug, kind=kind, key=key)
    context = timeline_context(request, filters, [network]) | {"subject": known, "network": network}
    if kind == "task":
        return render(request, "tasks/task.html", context | task_context(network, known))
    if kind == "equipment":
        return render(request, "tasks/equipment.html", context | equipment_context(network, known))
    return render(request, "explore/subject.html", context)
