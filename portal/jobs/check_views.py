"""The check of a job: what it found, mended in place, and Send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.mobility_work.operations import OPERATIONS, allowed
from integrations.spec import Plan
from portal.jobs import background, edit
from portal.jobs.addresses import job_or_404, row_number
from portal.jobs.alike import rows_sent_before
from portal.jobs.changes import changes_of
from portal.jobs.counts import HELD
from portal.jobs.drafts import sent_before
from portal.jobs.forms import CELL
from portal.jobs.holding import hold_moved
from portal.jobs.models import Job, Row
from portal.jobs.places import Places, places_of
from portal.jobs.problems import Problem, kind_words, said_by_vendor, shown
from portal.jobs.queries import SHOWN_STATES, changed_beside, good_rows, kinds_found, remarked_rows, verdicts_of
from portal.jobs.revisions import is_unseen
from portal.jobs.states import JobState, RowState, StateRefused
from portal.jobs.submit import BadRows, ChangedMeanwhile, MovedMeanwhile, NothingToSend, NotInPlan, submit
from portal.jobs.typed import Typed, with_cells
from portal.lib.scope import network_scope
from portal.lib.tabular import TabularError
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network


@never_cache
@require_GET
def check(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Show what the check found: figures, and only the rows that need eyes. An auditor may look."""
    network = request.access.network(slug)
    job = job_or_404(network, job_id)
    if job.state == JobState.CHECKING:
        is_part = request.headers.get("HX-Target") == "checking"
        template = "jobs/checking.html" if is_part else "jobs/check_wait.html"
        return render(request, template, _frame(request, network, job))
    if job.state != JobState.CHECKED:
        return _elsewhere(request, "job", slug, job_id)
    if request.headers.get("HX-Target") == "checking":
        return _elsewhere(request, "job_check", slug, job_id)
    after, tabs = request.GET.get("after", ""), _tabs(job, request.GET)
    if tabs["show"] == "changes":
        return _changes_page(request, network, job, tabs)
    rows, more = remarked_rows(job, show=tabs["show"], kind=tabs["kind"], after=row_number(after))
    frame = _check_frame(request, network, job) | tabs
    context = frame | {
        "rows": [_row_shown(row, frame["cells"], frame["places"]) for row in rows],
        "after": after,
        "more": more,
        "remarks": [shown(each) for each in job.remarks],
        **_sent_before(job),
    }
    return render(request, "jobs/check.html", context)


def _sent_before(job: Job) -> dict[str, Any]:
    """Return the jobs that sent the same rows, and those that sent some of them."""
    same = sent_before(job)
    known = {each.id for each in same}
    alike = [(each, count) for each, count in rows_sent_before(job, now=timezone.now()) if each.id not in known]
    return {"sent_before": same, "alike": alike}


def _changes_page(request: PortalRequest, network: Network, job: Job, tabs: dict[str, Any]) -> HttpResponse:
    """Show what every good row would change."""
    after = row_number(request.GET.get("after", ""))
    rows, more = good_rows(job, after=after)
    context = _check_frame(request, network, job) | tabs
    context |= {"changes": changes_of(job, rows), "after": after, "more": more}
    return render(request, "jobs/check.html", context)


def _tabs(job: Job, query: Mapping[str, str]) -> dict[str, Any]:
    """Return by what the rows of a page may be narrowed, and by what its address narrows them."""
    show, kind = query.get("show", ""), query.get("kind", "")
    if show == "changes" and OPERATIONS[job.operation].sets_level:
        kind = ""
    elif show not in SHOWN_STATES:
        show = ""
    return {
        "show": show,
        "kind": kind,
        "is_filtered": bool(show or kind),
        "kinds": [(name, kind_words(name), count) for name, count in kinds_found(job)],
    }


def _elsewhere(request: PortalRequest, name: str, slug: str, job_id: UUID) -> HttpResponse:
    """Lead the whole page to another one, also where only a part of it asked."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": reverse(name, args=[slug, job_id])})
    return redirect(name, slug, job_id)


def _frame(request: PortalRequest, network: Network, job: Job) -> dict[str, Any]:
    return {
        "network": network,
        "job": job,
        "operation": OPERATIONS[job.operation],
        "may_act": request.access.level(network) >= Level.MANAGER,
        "step": 3,
    }


def _check_frame(request: PortalRequest, network: Network, job: Job, *, seen: int | None = None) -> dict[str, Any]:
    verdicts, places = verdicts_of(job), places_of(job)
    operation = OPERATIONS[job.operation]
    return _frame(request, network, job) | {
        "verdicts": verdicts,
        "seen": job.revision if seen is None else seen,
        "is_stale": seen is not None and is_unseen(job, request.access.user, seen=seen),
        "cells": _columns_shown(job, places),
        "places": places,
        "requests": -(-verdicts.good // operation.bulk_limit),
        "is_in_plan": operation in allowed(Plan(network.plan)),
    }


def _columns_shown(job: Job, places: Places) -> list[tuple[str, str]]:
    """Return name and heading of the columns that rows show; of a form, those that are filled in."""
    columns = dict(places.headings)
    if job.source == Job.Source.FORM:
        typed = Row.objects.get(network_id=job.network_id, job_id=job.id).cells or {}
        columns = {name: heading for name, heading in columns.items() if typed.get(name)}
    return list(columns.items())


def _row_shown(row: Row, columns: list[tuple[str, str]], places: Places) -> dict[str, Any]:
    said: dict[str, list[tuple[str, Problem]]] = {}
    found = [("bad", shown(each)) for each in row.problems] + [("warn", shown(each)) for each in row.warnings]
    found += [("warn", each) for each in said_by_vendor(row.errors, places)]  # of a row that was rejected before
    seen = {name for name, _heading in columns}
    for severity, problem in found:
        if problem.column in seen:
            said.setdefault(problem.column, []).append((severity, problem))
        else:
            text = places.sentence(problem.column, row.number, problem.text)
            said.setdefault("", []).append((severity, Problem("", problem.code, text)))
    typed = row.cells or {}
    held = next((each["params"] for each in row.problems if each["code"] in HELD), None)
    return {
        "row": row,
        "is_left_out": row.state == RowState.LEFT_OUT,
        "held": held,
        "general": said.get("", []),
        "cells": [
            {
                "name": name,
                "heading": heading,
                "place": places.cell(name, row.number),
                "text": typed.get(name, ""),
                "said": said.get(name, []),
                "worst": "bad" if any(severity == "bad" for severity, _each in said.get(name, [])) else "warn",
            }
            for name, heading in columns
        ],
    }


@unscoped
@require_POST
def row(request: PortalRequest, slug: str, job_id: UUID, number: int) -> HttpResponse:
    """Change the cells of a row, leave it out, or take it in again; answer with the row as it stands then."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    with network_scope(network.id):
        before = job_or_404(network, job_id)
        if not Row.objects.filter(network_id=network.id, job_id=job_id, number=number).exists():
            raise Http404(_("There is no such row in this job."))
    problem = ""
    try:
        with_cells(before, lambda typed: _change(request, network, before, number, typed))
    except StateRefused:
        messages.info(request, _("This job is not being prepared any more, so the row was not changed."))
        return _elsewhere(request, "job", slug, job_id)
    except edit.LeftOut:
        # Somebody left it out meanwhile: the answer shows it so, and nothing was changed.
        problem = _("Row %(number)s is left out. Put it back before you change it.") % {"number": number}
    except edit.UnknownColumn as error:
        raise Http404(_("This file has no column %(name)s.") % {"name": error}) from error
    except TabularError as error:
        problem = str(error)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return HttpResponseRedirect(f"{reverse('job_check', args=[slug, job_id])}?after={number - 1}")
    with network_scope(network.id):
        job = job_or_404(network, job_id)
        found = Row.objects.get(network_id=network.id, job_id=job_id, number=number)
        frame = _check_frame(request, network, job, seen=row_number(request.POST.get("seen", "")))
        context = frame | {
            "shown": _row_shown(found, frame["cells"], frame["places"]) | {"problem": problem},
            "others": [_row_shown(each, frame["cells"], frame["places"]) for each in changed_beside(job, found)],
            "is_part": True,
        }
        page = request.headers.get("HX-Current-URL", "").partition("#")[0]
        context |= _tabs(job, QueryDict(page.partition("?")[2]))
        return render(request, "jobs/row_changed.html", context)


def _change(request: PortalRequest, network: Network, job: Job, number: int, typed: Typed) -> None:
    """Do to a row what the form says."""
    act, now, person = request.POST.get("act", "save"), timezone.now(), request.access.user
    if act == "leave-out":
        edit.leave_out(network, job.id, [number], typed=typed, actor=person, now=now)
    elif act in {"keep", "rebase"}:
        edit.weigh(network, job.id, number, rebase=act == "rebase", typed=typed, actor=person, now=now)
    elif act == "put-back":
        edit.put_back(network, job.id, [number], typed=typed, actor=person, now=now)
    else:
        cells = {name.removeprefix(CELL): str(cell) for name, cell in request.POST.items() if name.startswith(CELL)}
        edit.change_cells(network, job.id, number, cells, typed=typed, actor=person, now=now)


@unscoped
@require_POST
def send(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Put a checked job in line, if its rows are those that the person saw."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    with network_scope(network.id):
        job = job_or_404(network, job_id)
    send_good, seen = request.POST.get("send_good") == "1", row_number(request.POST.get("seen", ""))
    person, now = request.access.user, timezone.now()
    try:
        with network_scope(network.id):
            submit(network, job_id, send_good=send_good, actor=person, now=now, seen=seen)
    except ChangedMeanwhile:
        messages.error(
            request,
            _("Nothing was sent: rows were changed since you opened the check. Here it is as it stands now."),
        )
    except MovedMeanwhile:
        try:
            _hold(request, network, job)
        except StateRefused:
            return redirect("job", slug, job_id)
    except BadRows as error:
        said = ngettext(
            "Nothing was sent: %(count)s row has errors. Mend it, leave it out, or send the good rows only.",
            "Nothing was sent: %(count)s rows have errors. Mend them, leave them out, or send the good rows only.",
            error.count,
        )
        messages.error(request, said % {"count": error.count})
    except NothingToSend:
        messages.error(request, _("Nothing was sent: there is no good row. Mend at least one."))
    except NotInPlan:
        messages.error(request, _("Nothing was sent: the plan of this network does not include this operation."))
    except StateRefused:
        messages.info(request, _("This job was sent already, or is being checked. Nothing was sent twice."))
        return redirect("job", slug, job_id)
    else:
        background.nudge(background.send, network.id)
        return redirect("job", slug, job_id)
    return redirect("job_check", slug, job_id)


def _hold(request: PortalRequest, network: Network, job: Job) -> None:
    """Hold the rows whose part moved since the check, and say so."""
    person, now = request.access.user, timezone.now()
    try:
        count = with_cells(job, lambda typed: hold_moved(network, job.id, typed=typed, actor=person, now=now))
    except TabularError as error:
        messages.error(request, str(error))
        return
    said = ngettext(
        "Nothing was sent: the part of %(count)s row has moved since the check. Say what to do with it.",
        "Nothing was sent: the parts of %(count)s rows have moved since the check. Say what to do with them.",
        count,
    )
    messages.error(request, said % {"count": count})
