"""The tasks of one or several networks: as a table, and as a board of the same view."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.explore.names import Names, bare
from portal.explore.task_rows import LOOKS, rows_of
from portal.lib.moments import day_text
from portal.lib.periods import PRESETS
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network
from portal.tasks.filters import MOMENTS, OPEN, SORTS, TaskFilters, read_task_filters
from portal.tasks.models import Task
from portal.tasks.queries import CARDS, COUNTED, View, board_of, count_of, task_page, view_of
from portal.timeline.subjects import find_subjects
from portal.timeline.views import KIND_ICONS, zone_of

THINGS = ("equipment", "part", "person")  # filters by a thing: name and kind are the same
ORDER_OF_COLUMNS = {"changed": ("changed", "waiting"), "due": ("due", "due-last"), "latest": ("latest", "quietest")}


@require_GET
def task_table(request: PortalRequest) -> HttpResponse:
    """Show one page of tasks."""
    filters, networks, view = asked(request)
    if request.headers.get("HX-Target") == "things":
        answer = render(request, "tasks/things.html", _picking(request, filters, networks))
        patch_vary_headers(answer, ["HX-Target"])
        return answer
    page = task_page(view, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    query = filters.query_string()
    context = (
        view_context(filters, networks, view)
        | _picking(request, filters, networks)
        | {
            "rows": rows_of(page.lines, networks, now=view.now),
            "newer": f"{query}&before={page.previous}" if page.previous else "",
            "older": f"{query}&after={page.next}" if page.next else "",
            "headings": {name: _heading(filters, name) for name in ORDER_OF_COLUMNS},
        }
    )
    return render(request, "tasks/table.html", context)


@require_GET
def task_board(request: PortalRequest) -> HttpResponse:
    """Show the same tasks as cards, in one column for each state."""
    filters, networks, view = asked(request)
    context = view_context(filters, networks, view) | _picking(request, filters, networks)
    counts: dict[str, int | None] = context["counts"]
    states = [state for state in Task.State if state != Task.State.SEEN or counts["seen"] != 0]
    if filters.states:
        states = [state for state in states if state in filters.states]
    columns = board_of(view, states)
    rows = iter(rows_of([line for state in states for line in columns[state]], networks, now=view.now))
    context["columns"] = [
        {
            "word": state.label,
            "look": LOOKS[state],
            "rows": [next(rows) for _line in columns[state]],
            "count": counts[state] if not filters.overdue and not filters.stale else None,
            "query": filters.without(states=(str(state),)),
        }
        for state in states
    ]
    context["cards"] = CARDS
    return render(request, "tasks/board.html", context)


def asked(request: PortalRequest) -> tuple[TaskFilters, list[Network], View]:
    """Return what a request asks for; a network that the person may not see is a 404."""
    filters = read_task_filters(request.GET)
    networks = [request.access.network(filters.network)] if filters.network else list(request.access.networks)
    return filters, networks, view_of(networks, filters, zone=zone_of(networks), now=timezone.now())


def _picking(request: PortalRequest, filters: TaskFilters, networks: list[Network]) -> dict[str, Any]:
    """Return the equipments, parts and persons that fit what was typed, each with the address of its view."""
    about = request.GET.get("about", "").replace("\0", "").strip()[:200]
    fitting = [found for found in find_subjects(networks, about, now=timezone.now()) if found.subject.kind in THINGS]
    return {
        "about": about,
        "several": len(networks) > 1,
        "candidates": [
            {
                "subject": found.subject,
                "network": found.network,
                "icon": KIND_ICONS[found.subject.kind],
                # A key means something in its own network only.
                "query": filters.without(network=found.network.slug, **{found.subject.kind: found.subject.key}),
            }
            for found in fitting
        ],
    }


def view_context(filters: TaskFilters, networks: list[Network], view: View) -> dict[str, Any]:
    """Return what the pages of a view of tasks share: tabs with their counts, chips, choices."""
    anyhow = view.narrowed(states=(), overdue=False, stale=False, sort="")
    usual = {
        "": anyhow,
        "open": anyhow.narrowed(states=tuple(str(state) for state in OPEN)),
        **{state: anyhow.narrowed(states=(state,)) for state in Task.State.values},
        "overdue": anyhow.narrowed(overdue=True),
        "stale": anyhow.narrowed(stale=True),
        # Of how many open tasks it can be told whether they are overdue: this order leaves out those without a plan.
        "planned": anyhow.narrowed(states=tuple(str(state) for state in OPEN), sort="due"),
    }
    shown = replace(filters, sort="")
    same = next((name for name, usually in usual.items() if usually.filters == shown), None)
    counts = count_of(usual if same is not None else usual | {"shown": view.narrowed(sort="")})
    return {
        "filters": filters,
        "counts": counts,
        "shown": counts["shown" if same is None else same],
        "capped": COUNTED,
        "tabs": _tabs(filters, counts),
        "chips": chips_of(filters, networks),
        "several": len(networks) > 1,
        "zone": view.zone.key,
        "as_of": view.now,
        "stale_days": settings.PORTAL_STALE_DAYS,
        "states": [(state.value, state.label, state in filters.states) for state in Task.State],
        "presets": [(name, words) for name, (words, _period) in PRESETS.items()],
        "moments": list(MOMENTS.items()),
        "sorts": list(SORTS.items()),
    }


def _tabs(filters: TaskFilters, counts: dict[str, int | None]) -> list[dict[str, Any]]:
    """Return the usual views, each with its count; the other filters stay as they are."""
    views: list[tuple[str, str, dict[str, Any]]] = [
        ("", _("All"), {}),
        ("open", _("Open"), {"states": tuple(str(state) for state in OPEN)}),
        *(
            (state.value, str(state.label), {"states": (state.value,)})
            for state in Task.State
            if counts[state.value] != 0
        ),
        ("overdue", _("Overdue"), {"overdue": True}),
        ("stale", _("Stale"), {"stale": True}),
    ]
    plain = replace(filters, states=(), overdue=False, stale=False)
    return [
        {
            "word": word,
            "count": counts[name],
            "basis": counts["planned"] if name == "overdue" else None,
            "is_known": name != "overdue" or counts["planned"] != 0,
            "state": {"overdue": "bad", "stale": "warn"}.get(name, "") if counts[name] else "",
            "query": plain.without(**wish),
            "current": replace(plain, **wish) == filters,
        }
        for name, word, wish in views
    ]


def _heading(filters: TaskFilters, name: str) -> dict[str, str]:
    """Return how a column's heading sorts, and what a click on it would ask for."""
    down, up = ORDER_OF_COLUMNS[name]
    now = filters.sort or "latest"
    falling = "descending" if name != "due" else "ascending"
    rising = "ascending" if name != "due" else "descending"
    sort = falling if now == down else rising if now == up else "none"
    return {"sort": sort, "query": filters.without(sort=up if now == down else down)}


def chips_of(filters: TaskFilters, networks: list[Network], *, moment: str | None = None) -> list[dict[str, str]]:
    """Return the filters that are on, each with the address without it; `moment` says of what the days are."""
    chips = []
    if filters.network:
        chips.append({"text": networks[0].name, "query": filters.without(network="")})
    for state in filters.states:
        others = tuple(other for other in filters.states if other != state)
        chips.append({"text": str(Task.State(state).label), "query": filters.without(states=others)})
    keys = {name: getattr(filters, name) for name in THINGS if getattr(filters, name)}
    names = Names(((network.id, name, key) for name, key in keys.items() for network in networks), networks)
    for name, key in keys.items():
        known = (subject for (_network, _kind, found), subject in names.found.items() if found == key)
        label = next((subject.label for subject in known), bare(key))
        chips.append({"text": label, "query": filters.without(**{name: ""})})
    if filters.tag:
        chips.append({"text": filters.tag, "query": filters.without(tag="")})
    of_what = str(MOMENTS[filters.moment or "changed"]) if moment is None else moment
    if filters.preset:
        words = f"{of_what} · {PRESETS[filters.preset][0]}".removeprefix(" · ")
        chips.append({"text": words, "query": filters.without(preset="", moment="")})
    if filters.start:
        chips.append({"text": f"{of_what} ≥ {day_text(filters.start)}".strip(), "query": filters.without(start=None)})
    if filters.end:
        chips.append({"text": f"{of_what} ≤ {day_text(filters.end)}".strip(), "query": filters.without(end=None)})
    if filters.overdue:
        chips.append({"text": _("Overdue"), "query": filters.without(overdue=False)})
    if filters.stale:
        chips.append({"text": _("Stale"), "query": filters.without(stale=False)})
    if filters.query:
        chips.append({"text": f"“{filters.query}”", "query": filters.without(query="")})
    return chips
