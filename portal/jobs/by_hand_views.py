"""Settling uncertain rows by hand, from the page of their job."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.jobs import by_hand
from portal.jobs.addresses import job_or_404, row_number
from portal.jobs.shown_rows import address_of
from portal.jobs.states import RowState, StateRefused
from portal.networks.access import Level
from portal.networks.middleware import PortalRequest
from portal.networks.models import Network

SAID = {"took-effect": RowState.SAID_TAKEN, "no-effect": RowState.SAID_LOST}


@require_POST
def settle(request: PortalRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Settle one uncertain row, or all that the person saw, by what they found in Mobility Work; or take it back."""
    network = request.access.network(slug, at_least=Level.MANAGER)
    job_or_404(network, job_id)
    try:
        count = _act(request, network, job_id)
    except by_hand.OthersMeanwhile:
        messages.error(request, _("Nothing was changed: other rows are uncertain now than you saw. Look once more."))
    except by_hand.GoneOn:
        messages.error(request, _("Nothing was changed: another job goes on with this row."))
    except StateRefused:
        messages.error(request, _("Nothing was changed: say whether it took effect."))
    else:
        if not count:
            messages.info(request, _("Nothing was changed: no such row is uncertain any more."))
        elif request.POST.get("said") in SAID:
            said = ngettext("%(count)s row was settled by hand.", "%(count)s rows were settled by hand.", count)
            messages.success(request, said % {"count": count})
        else:
            messages.success(request, _("The row is uncertain again."))
    query = address_of(request.POST)
    return redirect(f"{reverse('job', args=[slug, job_id])}{'?' if query else ''}{query}#rows")


def _act(request: PortalRequest, network: Network, job_id: UUID) -> int:
    said, number = request.POST.get("said", ""), row_number(request.POST.get("row", ""))
    person, now = request.access.user, timezone.now()
    if said == "take-back":
        return by_hand.take_back(network, job_id, number, actor=person, now=now)
    state = SAID.get(said, RowState.UNCERTAIN)
    if "row" in request.POST:
        return by_hand.settle_row(network, job_id, number, state, actor=person, now=now)
    seen = row_number(request.POST.get("seen", ""))
    return by_hand.settle_all(network, job_id, state, seen=seen, actor=person, now=now)
