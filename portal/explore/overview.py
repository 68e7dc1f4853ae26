"""Home and help."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.networks.middleware import PortalRequest
from portal.timeline.filters import Filters
from portal.timeline.queries import timeline_page
from portal.timeline.rows import days_of
from portal.timeline.views import zone_of
from portal.webhooks.glance import glances

LATEST = 8


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """Show every network at a glance, and the latest events."""
    networks = list(request.access.networks)
    zone = zone_of(networks)
    page = timeline_page(networks, Filters(), zone=zone, now=timezone.now(), size=LATEST)
    return render(
        request,
        "explore/home.html",
        {
            "glances": glances(networks),
            "days": days_of(page.readings, {n.id: n for n in networks}, zone=zone),
            "several": len(networks) > 1,
            "may_connect": request.access.is_admin,
        },
    )


@require_GET
def help_page(request: PortalRequest) -> HttpResponse:
    """Explain the words and the badges."""
    return render(request, "explore/help.html", {})
