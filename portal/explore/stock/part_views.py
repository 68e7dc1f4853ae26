"""The pages of one part's stock and of one location."""

from __future__ import annotations

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from integrations.mobility_work.operations import OPERATIONS
from portal.explore.stock.filters import StockFilters
from portal.explore.stock.ledger import chart_of, ledger_page, lines_of
from portal.explore.stock.names import part_url
from portal.explore.stock.part import (
    consumption_of,
    counted_on,
    jobs_about,
    levels_of,
    needed_by,
    same_reference,
)
from portal.explore.stock.parts import stock_page
from portal.explore.stock.views import orders_of, rows_shown
from portal.explore.stock.words import CONFIDENCE, SCOPES, low_look
from portal.jobs.maxima import maxima_of
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.stock.models import Entry, Part
from portal.stock.standing import Scope
from portal.tasks.models import Task
from portal.timeline.models import EventSubject, Subject
from portal.timeline.sentences import subject_url

MOVEMENTS = 20


@require_GET
def part(request: PortalRequest, slug: str) -> HttpResponse:
    """Show what is known of one part's stock, and why."""
    network = request.access.network(slug)
    key = _key(request)
    subject = Subject.objects.filter(network_id=network.id, kind="part", key=key).first()
    found = Part.objects.filter(network_id=network.id, part=key).first()
    if subject is None and found is None:
        raise Http404(_("No event of this network has named a part with this key."))
    others = same_reference(network, subject) if subject else []
    if found is None and len(others) == 1 and key.startswith("ref:"):
        return redirect(part_url(slug, others[0].key))  # a reference is another name of the part with the id
    counted, now = counted_on(network), timezone.now()
    location = request.GET.get("location", "")[:210].replace("\0", "")
    reference = subject.reference if subject else key.partition(":")[2]
    names = list(dict.fromkeys([key, f"ref:{reference}"])) if reference else [key]
    levels = levels_of(network, key)
    page = ledger_page(network, counted.scope, key, location=location, before=request.GET.get("before", ""))
    maximum = maxima_of([(network.id, key, reference)]).get((network.id, key))
    minimum = found.minimum if found else None
    context = {
        "network": network,
        "key": key,
        "subject": subject,
        "name": (subject.label if subject else "") or key.partition(":")[2],
        "reference": reference,
        "part": found,
        "look": CONFIDENCE[found.confidence] if found else None,
        "low": low_look(is_out=bool(found.out_since), is_below=bool(found.below_since)) if found else None,
        "scope": SCOPES[counted.scope],
        "counted": counted,
        "counts_locations": counted.scope is Scope.LOCATION,
        # Of a single location its balance is the total.
        "shows_place": counted.scope is Scope.LOCATION and len(levels) > 1,
        "levels": [
            {
                "level": level,
                "name": named,
                "look": CONFIDENCE[level.confidence],
                "query": urlencode({"key": key, "location": level.location}),
                "is_current": level.location == location,
            }
            for level, named in levels
        ],
        "location": next((named.label for level, named in levels if level.location == location), location),
        "lines": page.lines,
        "older": page.older,
        "is_newest": not request.GET.get("before"),
        "here": urlencode({"key": key} | ({"location": location} if location else {})),
        "export_query": urlencode({"network": slug, "key": key} | ({"location": location} if location else {})),
        "chart": chart_of(network, counted.scope, key, location=location, minimum=minimum),
        "maximum": maximum,
        "consumption": consumption_of(network, key, now=now),
        "touches": [
            {"touch": each, "operation": OPERATIONS[each.job.operation]} for each in jobs_about(network, names)
        ],
        "needs": [
            {"need": each, "state": Task.State(each.state).label, "is_late": bool(each.ends_at and each.ends_at < now)}
            for each in needed_by(network, names)
        ],
        "others": [{"subject": each, "url": part_url(slug, each.key)} for each in others],
        "timeline_url": subject_url(slug, "part", key),
        "zone": network.time_zone,
    }
    return render(request, "stock/part.html", context)


@require_GET
def location(request: PortalRequest, slug: str) -> HttpResponse:
    """Show the parts of one location, and what moved there last."""
    network = request.access.network(slug)
    key = _key(request)
    subject = Subject.objects.filter(network_id=network.id, kind="location", key=key).first()
    if subject is None:
        raise Http404(_("No event of this network has named a location with this key."))
    counted = counted_on(network)
    filters = StockFilters(network=slug, location=key)
    after = request.GET.get("after", "")
    page = stock_page([network], filters, now=timezone.now(), zone=ZoneInfo(network.time_zone), after=after)
    return render(
        request,
        "stock/location.html",
        {
            "network": network,
            "subject": subject,
            "scope": SCOPES[counted.scope],
            "counted": counted,
            "shows_here": counted.scope is Scope.LOCATION,
            "filters": filters,
            "orders": orders_of(filters, reverse("stock")),
            "rows": rows_shown(page.rows, [network]),
            "next": page.next,
            "is_first": not after,
            "lines": lines_of(network, counted.scope, _last_movements(network, key)),
            "shows_place": counted.scope is Scope.LOCATION,
            "timeline_url": subject_url(slug, "location", key),
            "zone": ZoneInfo(network.time_zone).key,
        },
    )


def _last_movements(network: Network, location: str) -> list[Entry]:
    """Return the latest entries of a location: those of the latest events that name it."""
    events = EventSubject.objects.filter(network_id=network.id, kind="location", key=location)
    positions = list(events.order_by("-order_key").values_list("position", flat=True)[:MOVEMENTS])
    entries = Entry.objects.filter(network_id=network.id, position__in=positions, location=location)
    return list(entries.defer("checkpoint").order_by("-order_key"))


def _key(request: PortalRequest) -> str:
    return request.GET.get("key", "")[:210].replace("\0", "")
