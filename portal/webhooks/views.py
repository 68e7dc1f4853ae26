"""A network's page: its state, its inbox listening for first events, and its quarantine."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.lib.ids import id_in
from portal.networks.access import Level
from portal.networks.acts import record_act
from portal.networks.inbox import current_token, hook_url, valid_secrets
from portal.networks.middleware import PortalRequest
from portal.networks.models import Credential, Inbox, InboxAddress, SigningSecret
from portal.timeline.differences import grouped
from portal.timeline.models import ContractDifference
from portal.webhooks.glance import glances, heard_types
from portal.webhooks.held_back import refused_page, text_of, troubled_page
from portal.webhooks.models import QuarantineUsage
from portal.webhooks.pipeline import run_again

SHOWN = 100
DIFFERENCES = 200  # whoever can sign may invent fields without end


@require_GET
def network(request: PortalRequest, slug: str) -> HttpResponse:
    """Show a network's state at a glance."""
    found = request.access.network(slug)
    now = timezone.now()
    return render(
        request,
        "webhooks/network.html",
        {
            "network": found,
            "glance": glances([found])[0],
            "inbox": Inbox.objects.get(network_id=found.id),
            "credentials": Credential.objects.filter(network_id=found.id).order_by("-created_at")[:5],
            "secrets": SigningSecret.objects.filter(network_id=found.id).exclude(valid_until__lte=now),
            "addresses": InboxAddress.objects.filter(network_id=found.id).exclude(valid_until__lte=now).count(),
            "heard": heard_types(found),
            "differences": grouped(
                ContractDifference.objects.filter(network_id=found.id).order_by("-first_seen_at")[:DIFFERENCES]
            ),
            "may_admin": request.access.level(found) >= Level.ADMIN,
            "hook_url": hook_url(current_token(found.id)) if request.access.level(found) >= Level.ADMIN else "",
        },
    )


@require_GET
@never_cache
def listen(request: PortalRequest, slug: str) -> HttpResponse:
    """Show address and secret to set in Mobility Work, and listen for the first event of each type."""
    found = request.access.network(slug, at_least=Level.ADMIN)
    if not found.has_webhooks:
        messages.info(request, _("The Starter plan has no webhooks, so there is nothing to listen for."))
        return redirect("network", slug)
    heard_now = heard_types(found)
    # The secret stands here only until the first event has come: then it is set, and revealing asks for a password.
    show_secret = not any(item.first_at for item in heard_now)
    secrets = valid_secrets(found.id) if show_secret else []
    response = render(
        request,
        "webhooks/listen.html",
        {
            "network": found,
            "hook_url": hook_url(current_token(found.id)),
            "secret": secrets[0] if secrets else "",
            "heard": heard_now,
            "all_heard": all(item.first_at for item in heard_now),
        },
    )
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def heard(request: PortalRequest, slug: str) -> HttpResponse:
    """Answer the listening page's poll."""
    found = request.access.network(slug)
    heard_now = heard_types(found)
    context = {"network": found, "heard": heard_now, "all_heard": all(item.first_at for item in heard_now)}
    response = render(request, "webhooks/heard.html", context)
    if request.GET.get("secret") and any(item.first_at for item in heard_now):
        response["HX-Refresh"] = "true"  # the page still shows the secret, which is set now
    return response


@require_GET
def quarantine(request: PortalRequest, slug: str) -> HttpResponse:
    """Show what may not take effect: refused, held back, and failed deliveries. Each list has pages of its own."""
    found = request.access.network(slug)
    troubled, older_troubled = troubled_page(found, before=id_in(request.GET.get("troubled", "")), size=SHOWN)
    refused, older_refused = refused_page(found, before=id_in(request.GET.get("refused", "")), size=SHOWN)
    return render(
        request,
        "webhooks/quarantine.html",
        {
            "network": found,
            "refused": [(item, text_of(item.body)) for item in refused],
            "troubled": [(item, delivery, text_of(delivery.body)) for item, delivery in troubled],
            "older_refused": older_refused,
            "export_query": urlencode({"network": slug}),
            "older_troubled": older_troubled,
            "usage": QuarantineUsage.objects.filter(network_id=found.id).first(),
            "may_act": request.access.level(found) >= Level.MANAGER,
        },
    )


@require_POST
def again(request: PortalRequest, slug: str, delivery_id: UUID) -> HttpResponse:
    """Run a failed delivery again."""
    found = request.access.network(slug, at_least=Level.MANAGER)
    if run_again(found.id, delivery_id):
        record_act(found, "delivery_run_again", actor=request.access.user, about=str(delivery_id))
        messages.success(request, _("The delivery is in line again."))
    else:
        messages.info(request, _("This delivery is not waiting for another try."))
    return redirect("quarantine", slug)
