"""The page of gaps, of one or several networks."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.explore.stock.figures import capped, count_gaps
from portal.explore.stock.gaps import STATES, gap_page, read_gap_filters
from portal.explore.stock.names import names_of
from portal.explore.stock.views import networks_of
from portal.networks.middleware import PortalRequest
from portal.timeline.views import zone_of


@require_GET
def gaps(request: PortalRequest) -> HttpResponse:
    """Show one page of gaps."""
    filters = read_gap_filters(request.GET)
    networks = networks_of(request, filters.network)
    after = request.GET.get("after", "")
    page = gap_page(networks, filters, after=after)
    chips = []
    if filters.network:
        chips.append({"text": networks[0].name, "query": filters.without(network="", part="")})
    if filters.part:
        thing = (networks[0].id, "part", filters.part)
        chips.append({"text": names_of(networks, [thing])[thing].label, "query": filters.without(part="")})
    return render(
        request,
        "stock/gaps.html",
        {
            "filters": filters,
            "lines": page.lines,
            "next": page.next,
            "is_first": not after,
            "open": capped(count_gaps(networks)),
            "several": len(networks) > 1,
            "zone": zone_of(networks).key,
            "chips": chips,
            "tabs": [
                {"word": words, "query": filters.without(state=name), "is_current": name == filters.state}
                for name, (words, _condition) in STATES.items()
            ],
            "as_of": timezone.now(),
        },
    )
