"""Hands out count sheets."""

from __future__ import annotations

from dataclasses import replace

from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.explore.stock.filters import read_filters
from portal.explore.stock.sheet import KINDS, count_sheet
from portal.networks.access import Level
from portal.networks.acts import record_act
from portal.networks.middleware import PortalRequest


@require_POST
def sheet(request: PortalRequest, slug: str, kind: str) -> HttpResponseBase:
    """Hand out the parts of a view as a file to count by; the audit trail keeps who asked."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    if kind not in KINDS:
        raise Http404(_("There is no such template."))
    now = timezone.now()
    filters = replace(read_filters(request.POST), network=slug, at=None)
    details = {"filter": filters.query_string(), "kind": kind}
    record_act(network, "count_sheet_made", actor=request.access.user, about=slug, details=details)
    name = f"{slug}-count-{now:%Y-%m-%d-%H%M}.{kind}"
    return FileResponse(count_sheet(network, filters, kind, now=now), as_attachment=True, filename=name)
