"""The audit trail's page: what people did, as far as the reader may know."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.lib.ids import id_in
from portal.networks.middleware import PortalRequest
from portal.trail.actions import ACTIONS
from portal.trail.models import Entry

PAGE_SIZE = 50


@require_GET
def trail(request: PortalRequest) -> HttpResponse:
    """Show one page of the trail, newest first; row-level security leaves out what the person may not see."""
    entries = Entry.objects.order_by("-id")
    action, person, network = (request.GET.get(name, "") for name in ("action", "person", "network"))
    if action in ACTIONS:
        entries = entries.filter(action=action)
    if person:
        entries = entries.filter(actor__icontains=person[:200].replace("\0", ""))
    if network:
        entries = entries.filter(network_id=request.access.network(network).id)
    before = id_in(request.GET.get("before", ""))
    if before:
        entries = entries.filter(id__lt=before)
    page = list(entries[: PAGE_SIZE + 1])
    names = {item.id: item for item in request.access.networks}
    return render(
        request,
        "explore/trail.html",
        {
            "entries": [
                (
                    entry,
                    ACTIONS.get(entry.action, entry.action),
                    names.get(entry.network_id) if entry.network_id else None,
                )
                for entry in page[:PAGE_SIZE]
            ],
            "older": page[PAGE_SIZE - 1].id if len(page) > PAGE_SIZE else None,
            "actions": sorted(((name, str(words)) for name, words in ACTIONS.items()), key=lambda item: item[1]),
            "action": action,
            "person": person,
            "chosen": network,
            "filtered": bool(action or person or network),
        },
    )
