"""What a job sent, as it was sent, and the files to take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.addresses import job_or_404
from portal.jobs.downloads import bad_rows, checked_file
from portal.jobs.exchange import curl_of, file_name, request_of
from portal.jobs.files import whole_file
from portal.jobs.models import Batch, Call, Job
from portal.jobs.results import results
from portal.jobs.support import bundle_of, bundle_of_batch
from portal.lib.scope import network_scope
from portal.lib.tabular import TabularError
from portal.networks.acts import record_act
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network

SHOWN_CHARACTERS = 20_000  # of a bundle, on its page
SHOWN_ITEMS = 5  # of a request, on its page


@never_cache
@require_GET
def sent_request(request: PortalRequest, slug: str, job_id: UUID, number: int) -> HttpResponseBase:
    """Show what a request holds, before or after it is sent, and the same as a command; or hand out its bytes."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    if found.content_removed_at:
        return _removed(request, network, found)
    operation = OPERATIONS[found.operation]
    wanted = request_of(found, number)
    if wanted is None:
        raise Http404(_("This job has no such request."))
    name = file_name(operation, wanted)
    if request.GET.get("download"):
        _taken(request, found, network, name)
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
        return _bundle(request, network, found, bundle, name=wanted.request_id or str(wanted.id))
    context = {"network": network, "job": found, "operation": OPERATIONS[found.operation], "call": wanted}
    return render(request, "jobs/call.html", context | {"bundle": bundle[:SHOWN_CHARACTERS]})


@never_cache
@require_GET
def request_bundle(request: PortalRequest, slug: str, job_id: UUID, number: int) -> HttpResponse:
    """Hand out the support bundle of a request: all its calls."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    batch = Batch.objects.filter(network_id=network.id, job_id=job_id, number=number).first()
    if batch is None:
        raise Http404(_("This job has no such request."))
    return _bundle(request, network, found, bundle_of_batch(network, found, batch), name=f"{job_id}-{number}")


def _bundle(request: PortalRequest, network: Network, job: Job, text: str, *, name: str) -> HttpResponse:
    record_act(network, "support_bundle_taken", actor=request.access.user, about=str(job.id), details={"of": name})
    disposition = content_disposition_header(as_attachment=True, filename=f"support-{name}.txt") or ""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": disposition})


def _removed(request: PortalRequest, network: Network, job: Job) -> HttpResponse:
    """Lead to the job, whose page says why nothing can be taken away any more."""
    messages.info(request, _("Nothing of this job can be taken away any more: see below why."))
    return redirect("job", network.slug, job.id)


def _taken(request: PortalRequest, job: Job, network: Network, what: str) -> None:
    """Keep in the trail who took what away. Needs the network's scope."""
    record_act(network, "job_file_taken", actor=request.access.user, about=str(job.id), details={"what": what})


def _download(make: Callable[[Job], IO[bytes]], *, what: str) -> Callable[..., HttpResponseBase]:
    # The original is read again for some, and that may take long: no transaction is open meanwhile.
    @unscoped
    @require_GET
    def view(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponseBase:
        network = request.access.network(slug)
        with network_scope(network.id):
            found = job_or_404(network, job_id)
        if found.content_removed_at:
            return _removed(request, network, found)
        try:
            content = make(found)
        except TabularError as error:
            raise Http404(str(error)) from error
        with network_scope(network.id):
            _taken(request, found, network, what)
        stem = (found.file_name or found.operation).rpartition(".")[0] or found.operation
        name = f"{stem}-{what}.csv"
        return FileResponse(content, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")

    return view


bad_rows_file = _download(bad_rows, what="bad-rows")
checked_rows_file = _download(checked_file, what="checked")
results_file = _download(results, what="results")


@require_GET
def original(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponseBase:
    """Hand out the file of a job exactly as it came."""
    network = request.access.network(slug)
    found = job_or_404(network, job_id)
    if found.content_removed_at:
        return _removed(request, network, found)
    if not found.file_bytes:
        raise Http404(_("This job was not made of a file."))
    content = whole_file(network.id, job_id)
    _taken(request, found, network, "original")
    # Never shown in the page's own origin, whatever it holds.
    return FileResponse(content, as_attachment=True, filename=found.file_name, content_type="application/octet-stream")
