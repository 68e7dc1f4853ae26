"""Home and help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.explore.health import findings, judge
from portal.explore.signals import MOST, SIGNALS, Standing, capped, standings, totals
from portal.explore.today import events_today, kinds_today
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.timeline.filters import Filters
from portal.timeline.queries import timeline_page
from portal.timeline.rows import days_of
from portal.timeline.views import zone_of
from portal.webhooks.glance import Glance

LATEST = 8
DENSE_FROM = 15  # networks: so many rows are made lower, that they fit on one screen
WORST = {"bad": 0, "warn": 1, "neutral": 2, "good": 3}


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """Show what needs attention now and what happened today: of one network, or a line for each of several."""
    slug = request.GET.get("network", "")
    networks = [request.access.network(slug)] if slug else list(request.access.networks)
    if not networks:
        return render(request, "explore/home_none.html", {"may_connect": request.access.is_admin})
    return _one(request, networks[0]) if len(networks) == 1 else _several(request, networks)


def _one(request: PortalRequest, network: Network) -> HttpResponse:
    now = timezone.now()
    [standing] = standings([network], person=request.access.user.id, now=now)
    zone = zone_of([network])
    page = timeline_page([network], Filters(preset="today"), zone=zone, now=now, size=LATEST)
    return render(
        request,
        "explore/home_one.html",
        {
            "network": network,
            "standing": standing,
            "findings": findings(standing.glance),
            "signals": SIGNALS,
            "kinds": kinds_today(network, now=now),
            "days": days_of(page.readings, {network.id: network}, zone=zone),
            "now": now,
            "several": False,
            "may_connect": request.access.is_admin and len(request.access.networks) == 1,
        },
    )


def _several(request: PortalRequest, networks: list[Network]) -> HttpResponse:
    now = timezone.now()
    found = standings(networks, person=request.access.user.id, now=now)
    today = events_today(networks, zone=zone_of(networks), now=now)
    sort, downwards = _order(request.GET)
    found = in_order(found, request.GET, today=today)
    return render(
        request,
        "explore/home_several.html",
        {
            "rows": [
                {
                    "standing": each,
                    "health": judge(each.glance),
                    "today": capped(min(today[each.network.id], MOST), is_more=today[each.network.id] > MOST),
                }
                for each in found
            ],
            "columns": [_column(signal.key, signal.short, sort, downwards) for signal in SIGNALS],
            "fixed": {name: _column(name, "", sort, downwards) for name in ("network", "last", "today")},
            "totals": totals(found),
            "today": capped(
                sum(min(count, MOST) for count in today.values()), is_more=any(count > MOST for count in today.values())
            ),
            "signals": SIGNALS,
            "is_dense": len(networks) >= DENSE_FROM,
            "query": urlencode({name: value for name in ("sort", "order") if (value := request.GET.get(name, ""))}),
            "now": now,
            "may_connect": request.access.is_admin,
        },
    )


def in_order(found: list[Standing], query: QueryDict, *, today: Mapping[UUID, int]) -> list[Standing]:
    """Return lines in the order that an address asks for; as they are where it asks for none."""
    sort, downwards = _order(query)
    key = _sorting(sort, today)
    return sorted(found, key=key, reverse=downwards) if key else found


def _order(query: QueryDict) -> tuple[str, bool]:
    return query.get("sort", ""), query.get("order", "") != "up"


def _sorting(sort: str, today: Mapping[UUID, int]) -> Callable[[Standing], Any] | None:
    """Return what the lines are ordered by; None = as everywhere, by organization and name."""
    if sort == "network":
        return lambda each: (-WORST[judge(each.glance)[0]], _backwards(each.glance))
    if sort == "last":
        return lambda each: _silence(each.glance)
    if sort == "today":
        return lambda each: today[each.network.id]
    if sort in {signal.key for signal in SIGNALS}:
        return lambda each: each.figures[sort].count
    return None


def _silence(glance: Glance) -> float:
    """Return for how long a network has been quiet: the longest first where it is sorted downwards."""
    return -glance.last_received_at.timestamp() if glance.last_received_at else float("inf")


def _backwards(glance: Glance) -> list[int]:
    """Return a name so that it sorts the other way round."""
    return [-ord(letter) for letter in glance.network.name.casefold()]


def _column(key: str, heading: Any, sort: str, downwards: bool) -> dict[str, Any]:
    is_sorted = sort == key
    return {
        "key": key,
        "heading": heading,
        "aria": ("descending" if downwards else "ascending") if is_sorted else "none",
        "query": f"sort={key}" + ("&order=up" if is_sorted and downwards else ""),
    }


@require_GET
def help_page(request: PortalRequest) -> HttpResponse:
    """Explain the words and the badges."""
    return render(request, "explore/help.html", {})
