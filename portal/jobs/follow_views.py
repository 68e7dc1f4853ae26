"""Following jobs: the list, one job's progress, requests and rows, and the files to take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.mobility_work.operations import OPERATIONS, TABLE
from portal.jobs import background
from portal.jobs.again import LEFT_BEHIND, repeat_on_production, rest_of
from portal.jobs.downloads import bad_rows, headings_of, names_of_places, reasons, results
from portal.jobs.exchange import curl_of, file_name, request_of
from portal.jobs.files import whole_file
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.notices import mark_seen
from portal.jobs.prepare_views import job_or_404, row_number, step_of
from portal.jobs.problems import said_by_vendor
from portal.jobs.queries import (
    JobFilters,
    Progress,
    batch_page,
    evidence_for,
    going_on_with,
    job_page,
    progress_of,
    result_page,
    unverified_among,
)
from portal.jobs.states import IN_PREPARATION, JOB_LOOKS, ROW_LOOKS, UNDER_WAY, JobState, RowState, StateRefused
from portal.jobs.submit import NothingToSend, NotInPlan
from portal.jobs.submit import cancel as cancel_job
from portal.jobs.submit import resume as resume_job
from portal.jobs.support import bundle_of
from portal.lib.scope import network_scope
from portal.lib.tabular import TabularError
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network

SHOWN_CHARACTERS = 20_000  # of a bundle, on its page
SHOWN_ITEMS = 5  # of a request, on its page
BATCH_LOOKS = {
    Batch.State.WAITING: ("neutral", "hourglass"),
    Batch.State.SENDING: ("progress", "send"),
    Batch.State.ANSWERED: ("good", "check"),
    Batch.State.UNCERTAIN: ("warn", "question-mark"),
    Batch.State.NOT_SENT: ("neutral", "circle-minus"),
}


@require_GET
def job_list(request: PortalRequest) -> HttpResponse:
    """List jobs across networks, newest first."""
    slug, operation, state = (request.GET.get(name, "") for name in ("network", "operation", "state"))
    networks = [request.access.network(slug)] if slug else list(request.access.networks)
    filters = JobFilters(
        networks=networks,
        operation=operation if operation in OPERATIONS else "",
        state=state if state in JobState.values else "",
        mine=request.access.user.id if request.GET.get("mine") else None,
    )
    jobs, older = job_page(filters, before=_uuid(request.GET.get("before", "")))
    names = {network.id: network for network in networks}
    may_send = any(request.access.level(network) >= Level.MANAGER for network in request.access.networks)
    return render(
        request,
        "jobs/list.html",
        {
            "jobs": [
                {
                    "job": job,
                    "network": names[job.network_id],
                    "operation": OPERATIONS[job.operation],
                    "look": JOB_LOOKS[JobState(job.state)],
                }
                for job in jobs
            ],
            "older": older,
            "filters": filters,
            "chosen": slug,
            "operations": TABLE,
            "states": JobState.choices,
            "is_filtered": bool(slug or filters.operation or filters.state or filters.mine),
            "may_send": may_send,
        },
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@never_cache
@require_GET
def job(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Show how far a job is and what became of its rows; one that is being prepared goes on where it was left."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    may_act = request.access.level(network) >= Level.MANAGER
    if found.state in IN_PREPARATION and (may_act or found.state != JobState.DRAFT):
        return redirect(step_of(found), slug, job_id)
    mark_seen(found, request.access.user, now=timezone.now())
    after, state = row_number(request.GET.get("after", "")), request.GET.get("state", "")
    state = state if state in RowState.values else ""
    rows, more = result_page(found, state=state, after=after)
    batches, more_batches = batch_page(found, after=row_number(request.GET.get("batch", "")))
    places = names_of_places(found)
    evidence = evidence_for(found, rows)
    context = _following(request, network, found) | {
        "unverified": unverified_among(found, evidence),
        "rows": [_row_shown(found, row, places) | {"evidence": evidence.get(row.number, [])} for row in rows],
        "more": more,
        "after": after,
        "state": state,
        "batches": [{"sent": each, "look": BATCH_LOOKS[Batch.State(each.batch.state)]} for each in batches],
        "more_batches": more_batches,
    }
    return render(request, "jobs/job.html", context)


@never_cache
@require_GET
def progress(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Answer the job page's poll: the part that changes; the whole page once the job has ended or stopped."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    response = render(request, "jobs/progress.html", _following(request, network, found))
    if found.state != request.GET.get("was", found.state):
        response["HX-Refresh"] = "true"
    return response


def _following(request: PortalRequest, network: Network, found: Job) -> dict[str, Any]:
    figures = progress_of(found, now=timezone.now())
    may_act = request.access.level(network) >= Level.MANAGER
    return {
        "network": network,
        "job": found,
        "operation": OPERATIONS[found.operation],
        "look": JOB_LOOKS[JobState(found.state)],
        "progress": figures,
        "figures": _figures(figures),
        "time_left": _in_words(figures.time_left) if figures.time_left else "",
        "is_under_way": found.state in UNDER_WAY,
        "is_running": found.state in UNDER_WAY and found.state != JobState.PAUSED,
        "proof": _proof(found, figures),
        "bad_rows": figures.counts.get(RowState.HELD, 0) + figures.counts.get(RowState.INVALID, 0),
        "may_act": may_act,
        "left_behind": _left_behind(figures) if may_act and found.submitted_at else [],
        "production": _production(request, network) if may_act and _may_repeat(found) else None,
        "previous": _previous(request, found),
        "next": going_on_with(found),
        "may_cancel": may_act and found.state in UNDER_WAY and found.cancel_wanted_at is None,
        "step": 4 if found.state in UNDER_WAY else 5,
    }


def _figures(progress: Progress) -> list[dict[str, Any]]:
    """Return the row counts of every state that has some, in the order of the states."""
    return [
        {"state": state, "word": state.label, "look": ROW_LOOKS[state], "count": progress.counts[state]}
        for state in RowState
        if progress.counts.get(state)
    ]


def _left_behind(progress: Progress) -> list[dict[str, Any]]:
    """Return the states whose rows may be sent once more, each with what to call it."""
    words = {
        RowState.NOT_SENT: _("Send what was not sent"),
        RowState.REJECTED: _("Mend what was rejected"),
        RowState.HELD: _("Mend what was held back"),
    }
    return [
        {"state": state, "word": words[state], "count": progress.counts[state]}
        for state in RowState
        if state in LEFT_BEHIND and progress.counts.get(state)
    ]


def _may_repeat(found: Job) -> bool:
    """Say whether there is something to repeat: rows of an earlier job have no file of their own."""
    return found.source == Job.Source.FORM or bool(found.file_bytes)


def _production(request: PortalRequest, network: Network) -> Network | None:
    """Return the production network of a sandbox, where the person may send to it."""
    production = network.production if network.is_sandbox else None
    known = production is not None and production.id in {each.id for each in request.access.networks}
    return production if known and production and request.access.level(production) >= Level.MANAGER else None


def _previous(request: PortalRequest, found: Job) -> dict[str, Any] | None:
    """Return the job that this one goes on with, as far as the person may see it."""
    if found.previous_id is None:
        return None
    place = found.previous_network_id or found.network_id
    network = next((each for each in request.access.networks if each.id == place), None)
    return {"network": network, "id": found.previous_id, "is_rehearsal": found.previous_network_id is not None}


def _proof(found: Job, progress: Progress) -> dict[str, int] | None:
    """Return how many rows events have proved, of an operation that events can prove."""
    if not OPERATIONS[found.operation].confirmed_by or found.state in IN_PREPARATION:
        return None
    counts = progress.counts
    of = {state: counts.get(state, 0) for state in (RowState.ACCEPTED, RowState.UNCONFIRMED, RowState.CONFIRMED)}
    contradicted = counts.get(RowState.CONTRADICTED, 0)
    return {
        "confirmed": of[RowState.CONFIRMED],
        "waiting": of[RowState.ACCEPTED],
        "unconfirmed": of[RowState.UNCONFIRMED],
        "contradicted": contradicted,
        "all": sum(of.values()) + contradicted,
    }


def _in_words(left: timedelta) -> str:
    minutes = max(round(left.total_seconds() / 60), 1)
    return ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}


def _row_shown(found: Job, row: Row, places: dict[tuple[str, ...], str]) -> dict[str, Any]:
    headings = headings_of(found)
    return {
        "row": row,
        "look": ROW_LOOKS[RowState(row.state)],
        "about": _about(found, row),
        "said": said_by_vendor(row.errors, places) or reasons(row, headings),
    }


def _about(found: Job, row: Row) -> str:
    """Return what a row is about, in the person's own words."""
    operation = OPERATIONS[found.operation]
    names = operation.identity or tuple(field.name for field in operation.fields[:2])
    if row.cells:
        return " · ".join(cell for name in names if (cell := row.cells.get(name, "")))
    texts = []
    for name in names:
        value: Any = row.item
        for part in operation.field(name).path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = value.get("value")
        if value not in (None, ""):
            texts.append(str(value))
    return " · ".join(texts)


# --- acts


@require_POST
def cancel(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Stop a job before its next request, or discard one that is being prepared."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    found = job_or_404(network, job_id)
    was_prepared = found.state in IN_PREPARATION
    try:
        cancel_job(network, job_id, actor=request.access.user, now=timezone.now())
    except StateRefused:
        messages.info(request, _("This job has ended already."))
        return redirect("job", slug, job_id)
    if was_prepared:
        messages.success(request, _("It was set aside. Nothing was sent."))
        return redirect("jobs")
    messages.success(request, _("Nothing more is sent. What is under way is still settled by its answer."))
    return redirect("job", slug, job_id)


@require_POST
def resume(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Go on with a paused job."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    job_or_404(network, job_id)
    try:
        resume_job(network, job_id, actor=request.access.user)
    except StateRefused:
        messages.info(request, _("This job is not paused."))
    else:
        background.nudge(background.send, network.id)
    return redirect("job", slug, job_id)


@require_POST
def go_on(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Prepare rows that were rejected or not sent once more, as a job of their own."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    job_or_404(network, job_id)
    states = [state for state in RowState if state.value in request.POST.getlist("state")]
    try:
        made = rest_of(network, job_id, states, actor=request.access.user, now=timezone.now())
    except NothingToSend:
        messages.info(request, _("No row of this job is left to be sent once more."))
    except NotInPlan:
        messages.error(request, _("The plan of this network does not include this operation."))
    except TabularError as error:
        messages.error(request, str(error))
    except StateRefused:
        return redirect("job", slug, job_id)
    else:
        return redirect("job_check", slug, made.id)
    return redirect("job", slug, job_id)


@unscoped
@require_POST
def repeat(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Prepare the same file on the production network that this sandbox network is paired with."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    production = network.production
    if production is None:
        raise Http404(_("This network is paired with no production network."))
    request.access.network(production.slug, at_least=Level.MANAGER)
    with network_scope(network.id):
        if not _may_repeat(job_or_404(network, job_id)):
            raise Http404(_("This job was not made of a file."))
    try:
        made = repeat_on_production(network, job_id, actor=request.access.user, now=timezone.now())
    except NotInPlan:
        messages.error(request, _("The plan of the production network does not include this operation."))
        return redirect("job", slug, job_id)
    except TabularError as error:
        messages.error(request, str(error))
        return redirect("job", slug, job_id)
    return redirect(step_of(made), production.slug, made.id)


# --- what is sent, and files to take away


@never_cache
@require_GET
def sent_request(request: PortalRequest, slug: str, job_id: UUID, number: int) -> HttpResponseBase:
    """Show what a request holds, before or after it is sent, and the same as a command; or hand out its bytes."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    operation = OPERATIONS[found.operation]
    wanted = request_of(found, number)
    if wanted is None:
        raise Http404(_("This job has no such request."))
    name = file_name(operation, wanted)
    if request.GET.get("download"):
        return HttpResponse(
            wanted.body,
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    context = {
        "network": network,
        "job": found,
        "operation": operation,
        "wanted": wanted,
        "shown": json.dumps(wanted.items[:SHOWN_ITEMS], ensure_ascii=False, indent=2),
        "more": max(len(wanted.items) - SHOWN_ITEMS, 0),
        "curl": curl_of(network, operation, wanted),
        "file_name": name,
    }
    return render(request, "jobs/request.html", context)


@never_cache
@require_GET
def call(request: PortalRequest, slug: str, job_id: UUID, call_id: UUID) -> HttpResponse:
    """Show one call to the vendor, or hand out its support bundle."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    wanted = Call.objects.filter(network_id=network.id, job_id=job_id, id=call_id).first()
    if wanted is None:
        raise Http404(_("This job has no such call."))
    bundle = bundle_of(network, found, wanted)
    if request.GET.get("download"):
        name = f"support-{wanted.request_id or wanted.id}.txt"
        return HttpResponse(
            bundle,
            content_type="text/plain; charset=utf-8",
            headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""},
        )
    context = {"network": network, "job": found, "operation": OPERATIONS[found.operation], "call": wanted}
    return render(request, "jobs/call.html", context | {"bundle": bundle[:SHOWN_CHARACTERS]})


def _download(make: Callable[[Job], IO[bytes]], *, suffix: str) -> Callable[..., HttpResponseBase]:
    @require_GET
    def view(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponseBase:
        network = request.access.network(slug)
        found = job_or_404(network, job_id)
        stem = (found.file_name or found.operation).rpartition(".")[0] or found.operation
        name = f"{stem}-{suffix}.csv"
        return FileResponse(make(found), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")

    return view


bad_rows_file = _download(bad_rows, suffix="bad-rows")
results_file = _download(results, suffix="results")


@require_GET
def original(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponseBase:
    """Hand out the file of a job exactly as it came."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    if not found.file_bytes:
        raise Http404(_("This job was not made of a file."))
    content = whole_file(network.id, job_id)
    # Never shown in the page's own origin, whatever it holds.
    return FileResponse(content, as_attachment=True, filename=found.file_name, content_type="application/octet-stream")
