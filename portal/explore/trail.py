"""The audit trail's page: what people did, as far as the reader may know."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.lib.ids import id_in
from portal.lib.periods import PRESETS
from portal.networks.middleware import PortalRequest
from portal.trail.actions import ACTIONS
from portal.trail.queries import read_trail_filters, trail_page

PAGE_SIZE = 50


@require_GET
def trail(request: PortalRequest) -> HttpResponse:
    """Show one page of the trail, newest first; row-level security leaves out what the person may not see."""
    network = request.GET.get("network", "")
    network_id = request.access.network(network).id if network else None
    zone = ZoneInfo(timezone.get_current_timezone_name())
    filters = read_trail_filters(request.GET, network_id=network_id, zone=zone, now=timezone.now())
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
            "filters": filters,
            "chosen": network,
            "presets": [(name, words) for name, (words, _period) in PRESETS.items()],
            "zone": zone.key,
        },
    )
