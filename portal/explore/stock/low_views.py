"""The board of what needs to be ordered, of one or several networks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.explore.stock.figures import capped, figures_of
from portal.explore.stock.low import KINDS, LowRow, low_page, read_low_filters
from portal.explore.stock.names import part_url
from portal.explore.stock.views import figures_shown, networks_of
from portal.explore.stock.words import CONFIDENCE, low_look
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.timeline.views import zone_of


@require_GET
def low(request: PortalRequest) -> HttpResponse:
    """Show one page of parts that are out of stock or below their minimum, the oldest first."""
    filters, now = read_low_filters(request.GET), timezone.now()
    networks = networks_of(request, filters.network)
    after = request.GET.get("after", "")
    page = low_page(networks, filters, after=after)
    by_id = {network.id: network for network in networks}
    figures = figures_of(networks)
    counts = {"out": capped(figures.out), "below": capped(figures.below)}
    return render(
        request,
        "stock/low.html",
        {
            "filters": filters,
            "rows": [_shown(each, by_id[each.row.network_id], now) for each in page.rows],
            "next": page.next,
            "is_first": not after,
            "figures": figures_shown(figures, filters.network)[1:3],
            "several": len(networks) > 1,
            "zone": zone_of(networks).key,
            "chips": [{"text": networks[0].name, "query": filters.without(network="")}] if filters.network else [],
            "tabs": [
                {
                    "word": words,
                    "count": counts.get(name, ""),
                    "query": filters.without(kind=name),
                    "is_current": name == filters.kind,
                }
                for name, (words, _since, _condition) in KINDS.items()
            ],
            "as_of": now,
        },
    )


def _shown(each: LowRow, network: Network, now: datetime) -> dict[str, Any]:
    job = each.maximum.job_id if each.maximum else None
    return {
        "low": each,
        "row": each.row,
        "network": network,
        "url": part_url(network.slug, each.row.part),
        "days": each.days(now),
        "look": CONFIDENCE[each.row.confidence],
        "badge": low_look(is_out=each.row.out_since is not None, is_below=each.row.below_since is not None),
        "job_url": reverse("job", args=[network.slug, job]) if job else "",
    }
