"""The list of parts with their stock, of one or several networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from integrations.mobility_work.operations import allowed
from integrations.spec import Plan
from portal.explore.stock.figures import Figures, capped, figures_of
from portal.explore.stock.filters import LOW, SORTS, StockFilters, read_filters
from portal.explore.stock.ledger import event_url
from portal.explore.stock.names import locations_of, part_url
from portal.explore.stock.parts import StockRow, count_parts, stock_page
from portal.explore.stock.sheet import operation_of_sheets
from portal.explore.stock.words import CONFIDENCE, KINDS, SCOPES, low_look
from portal.lib.moments import minute_text
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.stock.project import scope_now
from portal.stock.standing import Scope
from portal.timeline.models import Subject
from portal.timeline.views import zone_of

Chip = dict[str, str]


def networks_of(request: PortalRequest, slug: str) -> list[Network]:
    """Return the networks of a view; one that the person may not see is a 404."""
    return [request.access.network(slug)] if slug else list(request.access.networks)


@require_GET
def stock(request: PortalRequest) -> HttpResponse:
    """Show one page of parts."""
    filters, now = read_filters(request.GET), timezone.now()
    networks = networks_of(request, filters.network)
    zone = zone_of(networks)
    page = stock_page(networks, filters, now=now, zone=zone, after=request.GET.get("after", ""))
    count = count_parts(networks, filters, now=now, zone=zone)
    figures = figures_of(networks)
    locations = locations_of(networks[0]) if filters.network else []
    return render(
        request,
        "stock/list.html",
        {
            "filters": filters,
            "rows": rows_shown(page.rows, networks),
            "next": page.next,
            "is_first": not request.GET.get("after"),
            "count": capped(count),
            "is_one": count == 1,
            "figures": figures_shown(figures, filters.network),
            "has_parts": figures.parts > 0,
            "shows_here": bool(filters.location) and scope_now(networks[0].id) is Scope.LOCATION,
            "several": len(networks) > 1,
            "zone": zone.key,
            "locations": locations,
            "chips": chips_of(filters, networks, locations),
            "orders": orders_of(filters),
            "low_choices": list(LOW.items()),
            "confidence_choices": [(name, look.word) for name, look in CONFIDENCE.items()],
            "confidences": CONFIDENCE.values(),
            "scopes": SCOPES.values(),
            "as_of": now,
            "sheet_kinds": [("xlsx", "XLSX"), ("csv", "CSV")],
            "may_count": bool(filters.network) and not filters.at and _may_count(request, networks[0]),
        },
    )


def _may_count(request: PortalRequest, network: Network) -> bool:
    """Tell whether a count sheet of a network could be sent by whoever asks."""
    is_in_plan = operation_of_sheets() in allowed(Plan(network.plan))
    return is_in_plan and request.access.level(network) >= Level.MANAGER


def figures_shown(figures: Figures, network: str) -> list[dict[str, str]]:
    """Return the figures above a list, each with the address of the rows that it counts."""
    places: tuple[tuple[str, int, str, dict[str, str], str], ...] = (
        (_("Parts"), figures.parts, "stock", {}, ""),
        (_("Out of stock"), figures.out, "stock_low", {"kind": "out"}, "bad"),
        (_("Below minimum"), figures.below, "stock_low", {"kind": "below"}, "warn"),
        (_("Open gaps"), figures.gaps, "stock_gaps", {}, "warn"),
    )
    return [
        {
            "label": label,
            "value": capped(count),
            "note": _("with those that are out of stock") if count and parameters.get("kind") == "below" else "",
            "url": address_of(name, network=network, **parameters),
            "state": state if count else "",
        }
        for label, count, name, parameters, state in places
    ]


def address_of(name: str, **parameters: str) -> str:
    """Return the address of a page over networks; empty parameters are left out."""
    query = urlencode({key: value for key, value in parameters.items() if value})
    return f"{reverse(name)}?{query}" if query else reverse(name)


def rows_shown(rows: Sequence[StockRow], networks: Sequence[Network]) -> list[dict[str, Any]]:
    """Return rows as the table shows them."""
    by_id = {network.id: network for network in networks}
    return [
        {
            "row": row,
            "network": by_id[row.network_id],
            "url": part_url(by_id[row.network_id].slug, row.part),
            "event_url": event_url(by_id[row.network_id], row.position) if row.told_by else "",
            "told_by": KINDS[row.told_by] if row.told_by else None,
            "look": CONFIDENCE[row.confidence],
            "low": low_look(is_out=row.out_since is not None, is_below=row.below_since is not None),
        }
        for row in rows
    ]


def orders_of(filters: StockFilters, base: str = "") -> dict[str, dict[str, str]]:
    """Return what each heading by which one can sort says and does; `base` is the list's address on other pages."""
    return {
        name: {
            "word": str(word),
            "url": f"{base}?{filters.sorted_by(name)}",
            "sort": ("descending" if filters.descending else "ascending") if filters.sort == name else "none",
            "icon": "arrow-down" if filters.descending else "arrow-up",
        }
        for name, word in SORTS.items()
    }


def chips_of(filters: StockFilters, networks: Sequence[Network], locations: Sequence[Subject]) -> list[Chip]:
    """Return the filters that are on, each with the address without it."""
    chips: list[Chip] = []
    if filters.network:
        # A location means something on its own network only.
        chips.append({"text": networks[0].name, "query": filters.without(network="", location="")})
    if filters.query:
        chips.append({"text": f"“{filters.query}”", "query": filters.without(query="")})
    if filters.location:
        label = next((each.label for each in locations if each.key == filters.location), filters.location)
        chips.append({"text": label, "query": filters.without(location="")})
    if filters.low:
        chips.append({"text": str(LOW[filters.low]), "query": filters.without(low="")})
    if filters.confidence:
        chips.append({"text": str(CONFIDENCE[filters.confidence].word), "query": filters.without(confidence="")})
    if filters.idle:
        text = ngettext("No movement for %(n)d day", "No movement for %(n)d days", filters.idle) % {"n": filters.idle}
        chips.append({"text": text, "query": filters.without(idle=0)})
    if filters.at:
        text = _("As it was on %(moment)s") % {"moment": minute_text(filters.at)}
        chips.append({"text": text, "query": filters.without(at=None)})
    return chips
