"""Hands out count sheets."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.explore.stock.filters import read_filters
from portal.explore.stock.sheet import KINDS, SheetTooLarge, count_sheet
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
    try:
        made = count_sheet(network, filters, kind, now=now)
    except SheetTooLarge:
        most = number_format(settings.PORTAL_SHEET_MAX_PARTS, force_grouping=True)
        text = _("A count sheet holds at most %(most)s parts. Narrow the view, to one location say.") % {"most": most}
        messages.error(request, text)
        return redirect(f"{reverse('stock')}?{filters.query_string()}")
    details = {"filter": filters.query_string(), "kind": kind, "rows": made.rows, "left_out": made.left_out}
    record_act(network, "count_sheet_made", actor=request.access.user, about=slug, details=details)
    if made.left_out:
        messages.info(request, _left_out(made.left_out))
    name = f"{slug}-count-{now:%Y-%m-%d-%H%M}.{kind}"
    return FileResponse(made.file, as_attachment=True, filename=name)


def _left_out(count: int) -> str:
    return ngettext(
        "The count sheet lacks %(count)s part that has no reference of its own: Mobility Work takes stock by "
        "references only.",
        "The count sheet lacks %(count)s parts that have no reference of their own: Mobility Work takes stock by "
        "references only.",
        count,
    ) % {"count": number_format(count, force_grouping=True)}
