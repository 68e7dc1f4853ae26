"""One item by hand: a form whose fields are the operation's columns, and what the portal has seen to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from integrations.mobility_work.identifiers import being_typed, parted
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation, UnknownName
from portal.jobs.addresses import job_or_404, operation_or_404
from portal.jobs.forms import CELL, TYPE, ItemForm, suggested_for
from portal.jobs.known import known_values
from portal.jobs.models import Job, Row
from portal.jobs.problems import shown
from portal.jobs.single import ROW, draft_of_form, fill_in
from portal.jobs.states import JobState, RowState, StateRefused
from portal.jobs.submit import NotInPlan
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network

TYPED = 1_000  # characters of a field that are looked at for what to offer


@require_http_methods(["GET", "POST"])
def new_item(request: PortalRequest, slug: str, operation: str) -> HttpResponse:
    """Offer an empty form; keep what is typed as a job, right or wrong."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    chosen = operation_or_404(operation)
    if request.method == "POST":
        try:
            job = draft_of_form(network, chosen.name, actor=request.access.user, now=timezone.now())
        except NotInPlan:
            return redirect("upload", slug, operation)  # the page says why
        return _keep(request, network, job, chosen)
    return _page(request, network, chosen, ItemForm(chosen, network))


@never_cache
@require_http_methods(["GET", "POST"])
def item(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Show what was typed with what is wrong in it; take what is typed instead."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    job = job_or_404(network, job_id)
    if job.source != Job.Source.FORM or job.state != JobState.CHECKED:
        return redirect("job", slug, job_id)
    chosen = OPERATIONS[job.operation]
    if request.method == "POST":
        return _keep(request, network, job, chosen)
    row = Row.objects.get(network_id=network.id, job_id=job_id, number=ROW)
    problems = [shown(each) for each in row.problems]
    form = ItemForm(chosen, network, cells=row.cells, types=job.identifier_types, problems=problems)
    return _page(request, network, chosen, form, job)


def _keep(request: PortalRequest, network: Network, job: Job, operation: Operation) -> HttpResponse:
    cells, types = _typed(request.POST, CELL), _typed(request.POST, TYPE)
    try:
        row = fill_in(network, job.id, cells, identifier_types=types, now=timezone.now())
    except StateRefused:
        return redirect("job", network.slug, job.id)
    return redirect("job_item" if row.state == RowState.INVALID else "job_check", network.slug, job.id)


def _typed(data: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): str(value) for name, value in data.items() if name.startswith(prefix)}


def _page(
    request: PortalRequest, network: Network, operation: Operation, form: ItemForm, job: Job | None = None
) -> HttpResponse:
    context = {"network": network, "operation": operation, "form": form, "job": job, "step": 1}
    return render(request, "jobs/item.html", context)


@require_GET
def suggest(request: PortalRequest, slug: str, operation: str, column: str) -> HttpResponse:
    """Offer things that the portal has seen for a field; anything else may be typed as well."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    try:
        field = operation_or_404(operation).field(column)
    except UnknownName as error:
        raise Http404(_("There is no such column.")) from error
    kind = suggested_for(field)
    if not kind:
        raise Http404(_("Nothing is suggested for this column."))
    typed = request.GET.get(CELL + column, "").replace("\0", "").lstrip()[:TYPED]
    # A list goes on with one more value: what is offered holds those before, for it takes the place of the whole, and
    # browsers offer only what the whole of the text typed stands in.
    before, text = being_typed(typed) if field.is_list else ("", typed.rstrip())
    known = known_values(network.id, kind, text[:200])
    if field.is_list:
        there = set(parted(before))
        known = [(value, label) for value, label in known if value not in there and list(parted(value)) == [value]]
    values = [
        (before + value, "" if label == value else f"{before}{label} – {value}" if before else f"{value} – {label}")
        for value, label in known
    ]
    return render(request, "jobs/suggestions.html", {"values": values})
