"""Asking for exports, following them, and taking them away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.exports.background import write
from portal.exports.listings import LISTINGS
from portal.exports.models import Export
from portal.exports.request import TooManyExports, ask_for_export, record_of
from portal.exports.write import pieces_of
from portal.lib.nudges import nudge_on_commit
from portal.networks.middleware import PortalRequest

SHOWN = 50
TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Export.Format.JSONL: "application/x-ndjson",
}


@require_GET
def export_list(request: PortalRequest) -> HttpResponse:
    """Show a person's own exports, newest first."""
    found = Export.objects.filter(created_by_id=request.access.user.id).order_by("-id")[:SHOWN]
    return render(request, "exports/list.html", {"exports": [_shown(export) for export in found]})


@require_POST
def export_new(request: PortalRequest) -> HttpResponse:
    """Put an export of a list in line."""
    try:
        export = ask_for_export(
            request.access,
            listing=request.POST.get("listing", ""),
            query=QueryDict(request.POST.get("query", "")),
            file_format=request.POST.get("format", ""),
            address=request.META.get("REMOTE_ADDR"),
        )
    except (KeyError, ValueError):
        return HttpResponseBadRequest(_("There is no such list or format."))
    except TooManyExports:
        messages.error(request, _("Several of your exports are still being written. Wait until one is ready."))
        return redirect("exports")
    nudge_on_commit(write, str(export.id))
    return redirect("export", export.id)


@require_GET
def export(request: PortalRequest, export_id: UUID) -> HttpResponse:
    """Show how far an export is, and offer the file."""
    found = _mine(request, export_id)
    template = "exports/export.html#progress" if request.htmx else "exports/export.html"
    answer = render(request, template, _shown(found))
    if request.htmx and found.state in {Export.State.DONE, Export.State.FAILED}:
        answer.status_code = 286  # htmx asks no more
    return answer


@require_POST
def export_file(request: PortalRequest, export_id: UUID) -> HttpResponse | StreamingHttpResponse:
    """Hand out the file; the audit trail keeps who took it."""
    found = _mine(request, export_id)
    if found.state != Export.State.DONE:
        raise Http404(_("There is no such file, or its time is over."))
    record_of(
        found,
        "export_downloaded",
        user=request.access.user,
        access=request.access,
        address=request.META.get("REMOTE_ADDR"),
    )
    name = f"{found.listing}-{found.created_at:%Y%m%d-%H%M}.{found.format}"
    return StreamingHttpResponse(
        pieces_of(found),
        content_type=TYPES[Export.Format(found.format)],
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "",
            "Content-Length": str(found.size),
            "Cache-Control": "no-store",
        },
    )


def _mine(request: PortalRequest, export_id: UUID) -> Export:
    found = Export.objects.filter(id=export_id, created_by_id=request.access.user.id).first()
    if found is None:
        raise Http404(_("There is no such file, or its time is over."))
    return found


def _shown(export: Export) -> dict[str, Any]:
    listing = LISTINGS[export.listing]
    return {
        "export": export,
        "listing": listing,
        "page": listing.address(QueryDict(export.query)),
        "under_way": export.state in {Export.State.WAITING, Export.State.WRITING},
    }
