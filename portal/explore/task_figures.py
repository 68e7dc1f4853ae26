"""The figures of the work that was done, each with its definition and the number of tasks that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from portal.explore.durations import duration
from portal.explore.names import Names
from portal.explore.task_list import chips_of
from portal.lib.periods import PRESETS, moments_of
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.tasks.figures import Group, Span, Week, ended_before, report_of, share
from portal.tasks.filters import TaskFilters, read_task_filters
from portal.timeline.queries import known_since
from portal.timeline.views import zone_of

USUAL = "90d"
LONGEST = timedelta(days=3 * 366)


@require_GET
def figures(request: PortalRequest) -> HttpResponse:
    """Show the figures of some networks and days."""
    filters = _asked(request)
    networks = [request.access.network(filters.network)] if filters.network else list(request.access.networks)
    zone, now = zone_of(networks), timezone.now()
    low, high = moments_of(filters.preset, filters.start, filters.end, zone=zone, now=now)
    high = min(high or now, now)
    low = min(max(low or high - LONGEST, high - LONGEST), high)
    span = Span(networks=networks, low=low, high=high, zone=zone, equipment=filters.equipment, tag=filters.tag)
    report = report_of(span)
    found, weeks = report.figures, report.weeks
    completed, cancelled = ended_before(span)
    since, before = known_since(networks), low - (high - low)
    return render(
        request,
        "tasks/figures.html",
        {
            "filters": filters,
            "found": found,
            # Of days before the first event nothing is known: to count none in them would be a guess.
            "past": {"completed": completed, "cancelled_share": share(cancelled, completed + cancelled)}
            if since and since <= before
            else None,
            "texts": {
                "waited": [duration(found.waited.median), duration(found.waited.ninetieth)],
                "worked": [duration(found.worked.median), duration(found.worked.ninetieth)],
            },
            "per_week": round(found.completed / len(weeks), 1) if weeks else 0,
            "weeks": weeks,
            "chart": _chart(weeks),
            "equipments": [] if filters.equipment else _named(report.equipments, networks),
            "tags": [_shown(group, report.tags, tag=group.key, network=filters.network) for group in report.tags],
            "low": low,
            "last": high - timedelta(microseconds=1),
            "as_of": now,
            "zone": zone.key,
            "several": len(networks) > 1,
            "chips": chips_of(filters, networks, moment=""),
            "presets": [(name, words) for name, (words, _period) in PRESETS.items()],
            "query": filters.query_string(),
        },
    )


def _asked(request: PortalRequest) -> TaskFilters:
    """Return the filters that figures know, the last 90 days unless others are chosen."""
    asked = read_task_filters(request.GET)
    kept = TaskFilters(
        network=asked.network, equipment=asked.equipment, tag=asked.tag, preset=asked.preset, start=asked.start,
        end=asked.end, problems=asked.problems,
    )  # fmt: skip
    return kept if kept.has_period else replace(kept, preset=USUAL)


def _named(groups: Sequence[Group], networks: Sequence[Network]) -> list[dict[str, Any]]:
    names = Names(((group.network_id, group.kind, group.key) for group in groups if group.network_id), networks)
    by_id = {network.id: network for network in networks}
    shown = []
    for group in groups:
        if group.network_id is None:
            continue
        network = by_id[group.network_id]
        thing = names.of(network.id, group.kind, group.key)
        wish = {"equipment" if group.kind == "equipment" else "part": group.key}
        shown.append(_shown(group, groups, network=network.slug, **wish) | {"thing": thing, "network": network})
    return shown


def _shown(group: Group, beside: Sequence[Group], **filters: str) -> dict[str, Any]:
    """Return a line of a table with the length of its bars, and the address of the tasks that it counts."""
    most = max(each.ended for each in beside)
    return {
        "group": group,
        "median": duration(group.worked.median),
        "ninetieth": duration(group.worked.ninetieth),
        "completed_length": 1000 * group.completed // most,
        "cancelled_length": 1000 * group.cancelled // most,
        "query": urlencode({name: value for name, value in filters.items() if value}),
    }


def _chart(weeks: Sequence[Week]) -> dict[str, Any]:
    """Return the bars of the weeks as the script draws them."""
    return {
        "x": [int(datetime.combine(week.monday, time(), UTC).timestamp()) for week in weeks],
        "series": [
            {"label": _("Completed"), "state": "good", "values": [week.completed for week in weeks]},
            {
                "label": pgettext("a task", "Cancelled"),
                "state": "neutral",
                "values": [week.cancelled for week in weeks],
            },
        ],
    }
