"""The coverage map: which event types each network sends, what went silent, and what to do when deliveries failed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from integrations.mobility_work.events import TABLE
from portal.explore.gaps import gaps_of
from portal.explore.links import list_url
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest
from portal.webhooks.coverage_map import WINDOW, Coverage, coverage_of, days_of
from portal.webhooks.forms import FIELDS, SilenceForm
from portal.webhooks.glance import Glance, glances
from portal.webhooks.models import QuarantineUsage
from portal.webhooks.silence import EACH, WHOLE, rules_of, set_rules

DENSE_FROM = 15


@require_GET
def coverage(request: PortalRequest) -> HttpResponse:
    """Show the map of one network, or a line for each of several."""
    slug = request.GET.get("network", "")
    networks = [request.access.network(slug)] if slug else list(request.access.networks)
    if not networks:
        return redirect("home")
    now = timezone.now()
    maps, seen = coverage_of(networks, now=now), glances(networks)
    refused = dict(
        QuarantineUsage.objects.filter(network_id__in=[network.id for network in networks]).values_list(
            "network_id", "refused"
        )
    )
    context: dict[str, Any] = {"now": now, "window": WINDOW, "types": TABLE}
    rows = [_row(each, glance, refused) for each, glance in zip(maps, seen, strict=True)]
    if len(networks) > 1:
        context |= {"rows": rows, "is_dense": len(networks) >= DENSE_FROM}
        return render(request, "explore/coverage_several.html", context)
    [network] = networks
    days, events = days_of(network, now=now)
    context |= {
        "network": network,
        "export_query": urlencode({"network": network.slug}),
        "row": rows[0],
        "lines": [(cell, _bars(events[cell.type.name])) for cell in maps[0].cells],
        "days": days,
        "gaps": gaps_of(network),
        "gaps_url": list_url("stock_gaps", network=network.slug),
        "may_change": request.access.level(network) >= Level.MANAGER,
    }
    return render(request, "explore/coverage_one.html", context)


def _row(each: Coverage, glance: Glance, refused: dict[Any, int]) -> dict[str, Any]:
    turned_away = refused.get(each.network.id, 0)
    return {
        "network": each.network,
        "cells": each.cells,
        "rules": each.rules,
        "zone": each.zone,
        "glance": glance,
        "turned_away": turned_away,
        "failures": glance.quarantined + glance.troubled,
        "alarms": len(each.silent) + int(glance.silent),
        "never": sum(cell.seen == "never" for cell in each.cells) if each.network.has_webhooks else 0,
        "otherwise": sum(cell.seen == "otherwise" for cell in each.cells) if each.network.has_webhooks else 0,
    }


def _bars(counts: list[int]) -> list[tuple[int, int, int]]:
    """Return a bar for each day that had events: its place, its top and its height, of 20."""
    most = max(counts)
    heights = [max(2, round(20 * count / most)) if count else 0 for count in counts]
    return [(4 * index, 20 - height, height) for index, height in enumerate(heights) if height]


@require_http_methods(["GET", "POST"])
def silence(request: PortalRequest, slug: str) -> HttpResponse:
    """Set after how many hours the network, or one type of it, counts as silent."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    rules = rules_of([network.id])[network.id]
    known = {**rules.types, WHOLE: rules.whole, EACH: rules.each}
    form = SilenceForm(request.POST or None, initial={field: known.get(name) for field, name in FIELDS.items()})
    if request.method == "POST" and form.is_valid():
        if set_rules(network, form.wanted(), actor=request.access.user):
            messages.success(request, _("The silence alarm is set."))
        return redirect(list_url("coverage", network=network.slug))
    context = {
        "network": network,
        "form": form,
        "general": [form["whole"], form["each"]],
        "types": [form[entry.name] for entry in TABLE],
    }
    return render(request, "explore/silence.html", context, status=422 if form.errors else 200)
