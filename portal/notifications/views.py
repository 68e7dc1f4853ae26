"""A person's notices, and how they want to hear of them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.networks.middleware import PortalRequest
from portal.notifications.kinds import TABLE, Mode
from portal.notifications.models import Notice
from portal.notifications.preferences import DIGEST_HOUR, mode_of, set_modes
from portal.notifications.queries import mark_seen, page_of
from portal.notifications.words import address


@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """Show a person's notices, newest first."""
    lines, older = page_of(request.access, before=_uuid(request.GET.get("before", "")))
    context = {"lines": lines, "older": older, "several": len(request.access.networks) > 1}
    return render(request, "notifications/list.html", context)


@require_GET
def notice(request: PortalRequest, slug: str, notice_id: UUID) -> HttpResponse:
    """Lead from a notice to what it is about; it counts as seen then."""
    network = request.access.network(slug)
    found = Notice.objects.filter(network_id=network.id, id=notice_id, user_id=request.access.user.id).first()
    if found is None:
        raise Http404(_("There is no such notice."))
    mark_seen(request.access, now=timezone.now(), notice_id=found.id)
    return redirect(address(found, network))


@require_POST
def notices_seen(request: PortalRequest) -> HttpResponse:
    """Take all notices out of the bell."""
    mark_seen(request.access, now=timezone.now())
    return redirect("notices")


@require_http_methods(["GET", "POST"])
def preferences(request: PortalRequest) -> HttpResponse:
    """Change how one hears of each kind."""
    person = request.access.user
    if request.method == "POST":
        chosen = {kind.name: request.POST.get(kind.name, "") for kind in TABLE}
        set_modes(person, {name: mode for name, mode in chosen.items() if mode in Mode.values})
        messages.success(request, _("Your preferences are saved."))
        return redirect("notification_preferences")
    rows = [(kind, mode_of(person, kind.name)) for kind in TABLE]
    context = {"rows": rows, "modes": Mode.choices, "hour": f"{DIGEST_HOUR:02}:00", "person": person}
    return render(request, "notifications/preferences.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
