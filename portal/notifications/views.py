"""A person's notices, and how they want to hear of them."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.lib.ids import id_in
from portal.networks.middleware import PortalRequest
from portal.notifications.kinds import KINDS, TABLE, Mode
from portal.notifications.models import Notice
from portal.notifications.preferences import DIGEST_HOUR, mode_of, set_modes
from portal.notifications.queries import NoticeFilters, mark_seen, page_of
from portal.notifications.unsubscribing import BadLink, read_link, stop_mails
from portal.notifications.words import address


@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """Show a person's notices, newest first, of one network or kind or of all."""
    slug, kind = request.GET.get("network", ""), request.GET.get("kind", "")
    networks = [request.access.network(slug)] if slug else list(request.access.networks)
    kind = kind if kind in KINDS else ""
    before = id_in(request.GET.get("before", ""))
    filters = NoticeFilters(person=request.access.user.id, networks=networks, kind=kind)
    lines, older = page_of(filters, before=before)
    context = {
        "lines": lines,
        "older": older,
        "is_first": before is None,
        "kinds": TABLE,
        "chosen": slug,
        "kind": kind,
        "query": urlencode({name: value for name, value in (("network", slug), ("kind", kind)) if value}),
    }
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


@login_not_required
@csrf_exempt  # what may be done is in the signed address alone: no session, so nothing that a foreign page could use
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop mails by the link in one of them: to look changes nothing, for programs follow links as well."""
    if refused := _too_often(request):
        return refused
    try:
        wish = read_link(token)
    except BadLink:
        return render(request, "notifications/unsubscribe_bad.html", status=410)
    if request.method == "POST":
        stop_mails(wish)
    with translation.override(wish.person.language):
        context = {"kinds": wish.kinds, "email": wish.person.email, "is_done": request.method == "POST"}
        return render(request, "notifications/unsubscribe.html", context)


def _too_often(request: HttpRequest) -> HttpResponse | None:
    """Return the refusal of an address that asks too often."""
    refused: HttpResponse | None = consume_or_429(request, action="unsubscribe", limit_get=True)
    return refused
