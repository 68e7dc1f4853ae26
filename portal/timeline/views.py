"""The timeline across networks, and its "new events" pill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET

from integrations.mobility_work.events import EVENT_TYPES
from portal.lib.moments import day_text
from portal.lib.periods import PRESETS
from portal.networks.access import Access
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.timeline.filters import FLAGS, VERDICTS, Filters, flag_words, read_filters, type_choices
from portal.timeline.models import Reading, Subject
from portal.timeline.queries import COUNT_CAP, count_new, last_positions, timeline_page
from portal.timeline.rows import days_of
from portal.timeline.subjects import Candidate, find_subjects, things_among

KIND_ICONS = {
    "task": "clipboard-check",
    "part": "package",
    "equipment": "tool",
    "location": "map-pin",
    "person": "user",
}

PAGES = {
    "task": _lazy("Task"),
    "part": _lazy("Stock of the part"),
    "equipment": _lazy("Equipment"),
    "location": _lazy("Location"),
    "person": _lazy("Person"),
}
MEANT = 6  # things whose pages stand above the events of a search


def shown_networks(access: Access, filters: Filters) -> list[Network]:
    """Return the networks of a view; one that the person may not see is a 404."""
    return [access.network(filters.network)] if filters.network else list(access.networks)


def zone_of(networks: list[Network]) -> ZoneInfo:
    """Return the zone whose days a view shows: the network's; across networks, the person's."""
    if len(networks) == 1:
        return ZoneInfo(networks[0].time_zone)
    return ZoneInfo(timezone.get_current_timezone_name())


@require_GET
def timeline(request: PortalRequest) -> HttpResponse:
    """Show one page of events."""
    filters = read_filters(request.GET)
    networks = shown_networks(request.access, filters)
    picking = _picking(request, filters, networks)
    if request.headers.get("HX-Target") == "subjects":
        answer = render(request, "timeline/subjects.html", picking)
        patch_vary_headers(answer, ["HX-Target"])
        return answer
    context = timeline_context(request, filters, networks) | picking
    if filters.query and context["live"]:
        context["meant"] = _meant(networks, filters.query, context["page"].readings)
    return render(request, "timeline/timeline.html", context)


def _meant(networks: list[Network], text: str, readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """Return the pages of the things that a search names: mostly it is them that are meant, not their events."""
    return [
        {
            "subject": found.subject,
            "network": found.network,
            "icon": KIND_ICONS[found.subject.kind],
            "words": PAGES[found.subject.kind],
            "url": _page_of(found),
        }
        for found in things_among(networks, text, readings)[:MEANT]
    ]


def _page_of(found: Candidate) -> str:
    slug, subject = found.network.slug, found.subject
    place = (
        reverse("stock_part", args=[slug]) if subject.kind == "part" else reverse("subject", args=[slug, subject.kind])
    )
    return f"{place}?{urlencode({'key': subject.key})}"


def _picking(request: PortalRequest, filters: Filters, networks: list[Network]) -> dict[str, Any]:
    """Return the persons and things that fit what was typed, each with the address of its view."""
    about = request.GET.get("about", "").replace("\0", "").strip()[:200]
    return {
        "about": about,
        "several": len(networks) > 1,
        "candidates": [
            {
                "subject": found.subject,
                "network": found.network,
                "icon": KIND_ICONS[found.subject.kind],
                # A key means something in its own network only.
                "query": filters.without(network=found.network.slug, kind=found.subject.kind, key=found.subject.key),
            }
            for found in find_subjects(networks, about, now=timezone.now())
        ],
    }


def timeline_context(request: PortalRequest, filters: Filters, networks: list[Network]) -> dict[str, Any]:
    """Return what a timeline's template needs."""
    zone, now = zone_of(networks), timezone.now()
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    # Positions are read first: what is recorded in between shows as new, never as lost.
    since = last_positions(networks)
    page = timeline_page(networks, filters, zone=zone, now=now, before=before, after=after)
    slugs = {network.id: network.slug for network in networks}
    return {
        "filters": filters,
        "page": page,
        "nothing_yet": not since,
        "only": networks[0] if len(networks) == 1 else None,
        "days": days_of(page.readings, {n.id: n for n in networks}, zone=zone, query=filters.query_string()),
        "several": len(networks) > 1,
        "zone": zone.key,
        "since": ",".join(f"{slugs[network_id]}:{position}" for network_id, position in since.items()),
        "live": not before and not after,
        "chips": _chips(filters, networks),
        "types": [(name, _(label), name in filters.types) for name, label in type_choices()],
        "presets": [(name, words) for name, (words, _period) in PRESETS.items()],
        "verdicts": list(VERDICTS.items()),
        "flags": [(name, words) for name, (words, _state, _icon) in FLAGS.items() if name not in VERDICTS],
    }


def _chips(filters: Filters, networks: list[Network]) -> list[dict[str, str]]:
    """Return the filters that are on, each with the address without it."""
    chips = [
        {
            "text": _(EVENT_TYPES[name].label),
            "query": filters.without(types=tuple(t for t in filters.types if t != name)),
        }
        for name in filters.types
    ]
    if filters.network:
        chips.insert(0, {"text": networks[0].name, "query": filters.without(network="")})
    if filters.key:
        known = Subject.objects.filter(
            network_id__in=[n.id for n in networks], kind=filters.kind, key=filters.key
        ).first()
        chips.append({"text": known.label if known else filters.key, "query": filters.without(kind="", key="")})
    if filters.preset:
        chips.append({"text": str(PRESETS[filters.preset][0]), "query": filters.without(preset="")})
    if filters.start:
        chips.append({"text": f"≥ {day_text(filters.start)}", "query": filters.without(start=None)})
    if filters.end:
        chips.append({"text": f"≤ {day_text(filters.end)}", "query": filters.without(end=None)})
    if filters.flag:
        chips.append({"text": flag_words(filters.flag), "query": filters.without(flag="")})
    if filters.query:
        chips.append({"text": f"“{filters.query}”", "query": filters.without(query="")})
    return chips


@require_GET
def new_events(request: PortalRequest) -> HttpResponse:
    """Answer the pill that counts what has come since the page was made."""
    filters = read_filters(request.GET)
    networks = shown_networks(request.access, filters)
    since = _since(request.GET.get("since", ""), networks)
    now: datetime = timezone.now()
    count = count_new(networks, filters, since, zone=zone_of(networks), now=now)
    return render(
        request,
        "timeline/pill.html",
        {"count": count, "capped": count >= COUNT_CAP, "filters": filters, "since": request.GET.get("since", "")},
    )


def _since(text: str, networks: list[Network]) -> dict[UUID, int]:
    ids = {network.slug: network.id for network in networks}
    found: dict[UUID, int] = {}
    for item in text.split(",")[:1000]:
        slug, colon, position = item.partition(":")
        if colon and slug in ids and position.isascii() and position.isdigit() and len(position) < 19:
            found[ids[slug]] = int(position)
        elif item and not (position.isascii() and position.isdigit()):
            raise Http404(_("This address was changed by hand and makes no sense any more."))
    return found
