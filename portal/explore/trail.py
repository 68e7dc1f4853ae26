"""The audit trail's page: what people did, as far as the reader may know."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.lib.ids import id_in
from portal.networks.middleware import PortalRequest
from portal.trail.actions import ACTIONS
from portal.trail.queries import TrailFilters, trail_page

PAGE_SIZE = 50


@require_GET
def trail(request: PortalRequest) -> HttpResponse:
    """Show one page of the trail, newest first; row-level security leaves out what the person may not see."""
    action, person, network = (request.GET.get(name, "") for name in ("action", "person", "network"))
    network_id = request.access.network(network).id if network else None
    filters = TrailFilters(action=action, person=person, network_id=network_id)
    page, older = trail_page(filters, before=id_in(request.GET.get("before", "")), size=PAGE_SIZE)
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
                for entry in page
            ],
            "older": older,
            "actions": sorted(((name, str(words)) for name, words in ACTIONS.items()), key=lambda item: item[1]),
            "action": action,
            "person": person,
            "chosen": network,
            "filtered": bool(action or person or network),
        },
    )
