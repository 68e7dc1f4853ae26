"""Following jobs: the list, one job's progress, requests and rows, and the files to take away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.mobility_work.operations import OPERATIONS, TABLE
from portal.jobs import background
from portal.jobs.about import about
from portal.jobs.addresses import job_or_404, row_number, step_of
from portal.jobs.again import LEFT_BEHIND, may_repeat, repeat_on_production, rest_of
from portal.jobs.attention import ATTENTION, needing
from portal.jobs.doubts import doubts_of, settled_words
from portal.jobs.downloads import reasons, rejections
from portal.jobs.models import Batch, Job, Row
from portal.jobs.notices import mark_seen
from portal.jobs.places import Places, places_of
from portal.jobs.progress import Progress, progress_of, proof_of
from portal.jobs.queries import (
    JobFilters,
    batch_page,
    going_on_with,
    job_page,
    unsent_by_reason,
    unverified_among,
)
from portal.jobs.retention import kept_until, removed_in_words
from portal.jobs.sent_values import sent_values
from portal.jobs.shown_rows import ShownRows, digest_of, shown_rows
from portal.jobs.states import IN_PREPARATION, JOB_LOOKS, ROW_LOOKS, UNDER_WAY, JobState, RowState, StateRefused
from portal.jobs.submit import NothingToSend, NotInPlan
from portal.jobs.submit import cancel as cancel_job
from portal.jobs.submit import resume as resume_job
from portal.jobs.typed import with_cells
from portal.lib.ids import id_in
from portal.lib.scope import network_scope
from portal.lib.tabular import TabularError
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network

BATCH_LOOKS = {
    Batch.State.WAITING: ("neutral", "hourglass"),
    Batch.State.SENDING: ("progress", "send"),
    Batch.State.ANSWERED: ("good", "check"),
    Batch.State.UNCERTAIN: ("warn", "question-mark"),
    Batch.State.NOT_SENT: ("neutral", "circle-minus"),
}

NEW = timedelta(seconds=3)  # since Send


@require_GET
def job_list(request: PortalRequest) -> HttpResponse:
    """List jobs across networks, newest first."""
    slug, operation, state, needs = (request.GET.get(name, "") for name in ("network", "operation", "state", "is"))
    networks = [request.access.network(slug)] if slug else list(request.access.networks)
    filters = JobFilters(
        networks=networks,
        operation=operation if operation in OPERATIONS else "",
        state=state if state in JobState.values else "",
        mine=request.access.user.id if request.GET.get("mine") else None,
        attention=needs if needs in ATTENTION else "",
        needs=needing(needs, person=request.access.user.id, now=timezone.now()) if needs in ATTENTION else None,
    )
    jobs, older = job_page(filters, before=id_in(request.GET.get("before", "")))
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
            "attentions": ATTENTION.items(),
            "is_filtered": bool(slug or filters.operation or filters.state or filters.mine or filters.attention),
            "may_send": may_send,
        },
    )


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
    rows = shown_rows(found, request.GET)
    batches, more_batches = batch_page(found, after=row_number(request.GET.get("batch", "")))
    places = places_of(found)
    doubts = doubts_of(found, rows.rows)
    context = _following(request, network, found)
    context |= _tabs(context, rows) | {
        "unsent": unsent_by_reason(found) if context["left_behind"] else {},
        "unverified": unverified_among(found, rows.evidence),
        "rows": [
            _row_shown(found, row, places)
            | {
                "evidence": rows.evidence.get(row.number, []),
                "doubt": doubts.get(row.number, ""),
                "sent": sent_values(found, row, places.headings),
                "settled": settled_words(row, network),
            }
            for row in rows.rows
        ],
        "more": rows.more,
        "after": rows.after,
        "export_query": urlencode({"network": slug, "job": job_id} | ({"state": rows.state} if rows.state else {})),
        "batches": [
            {"sent": each, "look": BATCH_LOOKS[Batch.State(each.batch.state)], "is_trouble": each.is_trouble}
            for each in batches
        ],
        "more_batches": more_batches,
        "kept_until": kept_until(found, network.organization),
        "kept_years": network.organization.retention_years,
        "removed": removed_in_words(found, network) if found.content_removed_at else "",
    }
    return render(request, "jobs/job.html", context)


@never_cache
@require_GET
def progress(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Answer the job page's poll: the part that changes; the whole page once the job has ended, stopped or goes on."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    context = _following(request, network, found) | {"is_part": True}
    if "rows" in request.GET:
        context |= _tabs(context, shown_rows(found, request.GET), seen=request.GET)
    response = render(request, "jobs/progress.html", context)
    was = request.GET.get("was", found.state)
    has_begun = was == JobState.QUEUED and found.state == JobState.SENDING  # which this part shows, and at once
    if found.state != was and not has_begun:
        response["HX-Refresh"] = "true"
    return response


def _ask_again(found: Job) -> str:
    """Return after what time the page asks again: soon while somebody who has just pressed Send waits for a sign."""
    if found.state not in UNDER_WAY or found.state == JobState.PAUSED:
        return "5s"
    is_new = found.submitted_at is not None and timezone.now() - found.submitted_at < NEW
    return "50ms" if found.state == JobState.QUEUED and is_new else "1s"


def _tabs(context: Mapping[str, Any], rows: ShownRows, *, seen: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the tabs of the rows, and whether the page shows rows or tabs that do not stand so any more."""
    have_changed = seen is not None and seen.get("rows") != rows.digest
    tabs = digest_of([[[each["state"], each["count"]] for each in context["figures"]], have_changed])
    return {
        "state": rows.state,
        "shown": rows,
        "have_rows_changed": have_changed,
        "tabs": tabs,
        "have_tabs_changed": seen is not None and seen.get("tabs") != tabs,
    }


def _following(request: PortalRequest, network: Network, found: Job) -> dict[str, Any]:
    figures = progress_of(found, now=timezone.now())
    may_act = request.access.level(network) >= Level.MANAGER
    is_removed = found.content_removed_at is not None
    return {
        "network": network,
        "job": found,
        "operation": OPERATIONS[found.operation],
        "look": JOB_LOOKS[JobState(found.state)],
        "progress": figures,
        "figures": _figures(figures),
        "time_left": _in_words(figures.time_left) if figures.time_left else "",
        "is_under_way": found.state in UNDER_WAY,
        "ask_again": _ask_again(found),
        "is_running": found.state in UNDER_WAY and found.state != JobState.PAUSED,
        "proof": proof_of(found, figures.counts),
        "bad_rows": 0 if is_removed else figures.counts.get(RowState.HELD, 0) + figures.counts.get(RowState.INVALID, 0),
        "may_act": may_act,
        "left_behind": _left_behind(figures) if may_act and found.submitted_at and not is_removed else [],
        "production": _production(request, network) if may_act and may_repeat(found) else None,
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
        RowState.SAID_LOST: _("Send what took no effect"),
    }
    return [
        {"state": state, "word": words[state], "count": progress.counts[state]}
        for state in RowState
        if state in LEFT_BEHIND and progress.counts.get(state)
    ]


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


def _in_words(left: timedelta) -> str:
    minutes = max(round(left.total_seconds() / 60), 1)
    return ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}


def _row_shown(found: Job, row: Row, places: Places) -> dict[str, Any]:
    return {
        "row": row,
        "look": ROW_LOOKS[RowState(row.state)],
        "about": about(found, row),
        "said": rejections(row, places) or reasons(row, places),
    }


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


@unscoped
@require_POST
def go_on(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Prepare rows that were rejected or not sent once more, as a job of their own."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    with network_scope(network.id):
        found = job_or_404(network, job_id)
    states = [state for state in RowState if state.value in request.POST.getlist("state")]
    try:
        made = with_cells(
            found,
            lambda typed: rest_of(network, job_id, states, typed=typed, actor=request.access.user, now=timezone.now()),
        )
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
        if not may_repeat(job_or_404(network, job_id)):
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
