"""What a job sent, as it was sent, and the files to take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.addresses import job_or_404
from portal.jobs.downloads import bad_rows, results
from portal.jobs.exchange import curl_of, file_name, request_of
from portal.jobs.files import whole_file
from portal.jobs.models import Call, Job
from portal.jobs.support import bundle_of
from portal.networks.middleware import PortalRequest

SHOWN_CHARACTERS = 20_000  # of a bundle, on its page
SHOWN_ITEMS = 5  # of a request, on its page


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
