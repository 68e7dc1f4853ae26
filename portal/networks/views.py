"""Networks: the list, connecting one, and its keys, secrets and addresses."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integrations.errors import VendorError
from integrations.mobility_work.client import NetworkSettings
from portal.accounts.models import Organization
from portal.lib.scope import network_scope
from portal.lib.sealing import SealingError, sealer
from portal.networks import inbox
from portal.networks.access import Level
from portal.networks.acts import record_act
from portal.networks.connect import (
    AlreadyConnected,
    CompromisedKey,
    OtherNetwork,
    asks_the_sandbox,
    check_key,
    connect_network,
    likely_kind,
    refuse_connected,
    report_compromised,
    rotate_key,
)
from portal.networks.forms import ChangeForm, ConfirmForm, ConnectKeyForm, KeyForm, OverlapForm, SecretForm
from portal.networks.middleware import PortalRequest, unscoped
from portal.networks.models import Network, SigningSecret
from portal.networks.secret_tickets import secret_in, ticket_of

PENDING = "pending_connection"
PENDING_SECONDS = 1800
SHOWN_AGAIN = timedelta(minutes=10)  # for so long a reload shows a secret that was just added


@require_GET
def network_list(request: PortalRequest) -> HttpResponse:
    """List the networks that the person may open."""
    return (
        redirect("home")
        if not request.access.networks and not request.access.is_admin
        else render(
            request, "networks/list.html", {"networks": request.access.networks, "may_connect": request.access.is_admin}
        )
    )


@unscoped
@require_http_methods(["GET", "POST"])
@never_cache
def connect(request: PortalRequest) -> HttpResponse:
    """Connect a network in two steps: check the key, then confirm what it opens."""
    organizations = Organization.objects.filter(id__in=request.access.admin_of).order_by("name")
    if not organizations:
        request.access.organization("-", admin=True)
    if request.GET.get("again"):
        request.session.pop(PENDING, None)
    pending = _pending(request)
    if request.method == "POST" and request.POST.get("step") == "key":
        return _check_step(request, organizations)
    if pending is None:
        return render(request, "networks/connect_key.html", {"form": ConnectKeyForm(organizations=organizations)})
    organization, found, api_key = pending
    initial = {"name": found.name, "kind": likely_kind(found.name), "plan": "premium"}
    form = ConfirmForm(request.POST if request.POST.get("step") == "confirm" else None, initial=initial)
    if form.is_valid():
        return _confirm_step(request, organization, found, api_key, form.cleaned_data)
    context = {"form": form, "found": found, "organization": organization, "from_sandbox": asks_the_sandbox()}
    return render(request, "networks/connect_confirm.html", context, status=422 if form.errors else 200)


def _check_step(request: PortalRequest, organizations: Any) -> HttpResponse:
    form = ConnectKeyForm(request.POST, organizations=organizations)
    if form.is_valid():
        organization, api_key = form.cleaned_data["organization"], form.cleaned_data["api_key"]
        try:
            found = check_key(api_key)
            refuse_connected(organization, found)
        except VendorError as error:
            form.add_error("api_key", _vendor_words(error))
        except AlreadyConnected as error:
            form.add_error("api_key", _connected_words(error))
        else:
            # Sealed also in the session, and only until the next step.
            request.session[PENDING] = {
                "organization": str(organization.id),
                "key": sealer().seal(api_key).decode(),
                "network_id": str(found.network_id),
                "legacy": found.legacy_network_id,
                "name": found.name,
                "time_zone": found.time_zone,
                "currency": found.currency,
                "at": int(time.time()),
            }
            return redirect("connect")
    return render(request, "networks/connect_key.html", {"form": form}, status=422)


def _pending(request: PortalRequest) -> tuple[Organization, NetworkSettings, str] | None:
    """Return the key that waits for confirmation, if it is not too old."""
    kept = request.session.get(PENDING)
    if not kept or time.time() - kept["at"] > PENDING_SECONDS:
        request.session.pop(PENDING, None)
        return None
    organization = Organization.objects.filter(id=kept["organization"], id__in=request.access.admin_of).first()
    try:
        key = sealer().open(kept["key"].encode())
    except SealingError:
        return None
    if organization is None:
        return None
    found = NetworkSettings(UUID(kept["network_id"]), kept["legacy"], kept["name"], kept["time_zone"], kept["currency"])
    return organization, found, key


def _confirm_step(
    request: PortalRequest, organization: Organization, found: NetworkSettings, api_key: str, data: dict[str, Any]
) -> HttpResponse:
    try:
        done = connect_network(
            organization, found=found, api_key=api_key, actor=request.access.user,
            name=data["name"], plan=data["plan"], kind=data["kind"],
        )  # fmt: skip
    except AlreadyConnected as error:
        messages.error(request, _connected_words(error))
        return redirect("/networks/connect/?again=1")
    request.session.pop(PENDING, None)
    if done.network.has_webhooks:  # that page says so itself: a message would vanish, and what is read would jump
        return redirect("listen", done.network.slug)
    messages.success(request, _("%(name)s is connected.") % {"name": done.network.name})
    return redirect("network", done.network.slug)


def _vendor_words(error: VendorError) -> str:
    words = _(error.user_message)
    if error.request_id:
        words += " " + _("Reference for Mobility Work's support: %(id)s.") % {"id": error.request_id}
    return words


def _connected_words(error: AlreadyConnected) -> str:
    if error.same_organization:
        return _("The network that this key opens is connected already. Its key can be changed on its page.")
    return _(
        "The network that this key opens is connected to another organization. Ask Mobility Work who uses the key; "
        "it may have to be replaced."
    )


@require_http_methods(["GET", "POST"])
def change(request: PortalRequest, slug: str) -> HttpResponse:
    """Change name, plan and kind."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    before = _changeable(network)
    form = ChangeForm(request.POST or None, instance=network)
    if request.method == "POST" and form.is_valid():
        form.save()
        details = {"before": before, "after": _changeable(network)}
        record_act(network, "network_changed", actor=request.access.user, details=details)
        messages.success(request, _("The changes are saved."))
        return redirect("network", slug)
    return _form(request, network, form, title=_("Change the network"), button=_("Save"))


def _changeable(network: Network) -> dict[str, str | None]:
    production = network.production
    return {
        "name": network.name,
        "plan": network.plan,
        "kind": network.kind,
        "sandbox_of": production.slug if production else None,
    }


@unscoped
@require_http_methods(["GET", "POST"])
@never_cache
def key(request: PortalRequest, slug: str) -> HttpResponse:
    """Replace the API key: the new one is checked first, and must open the same network."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        api_key = form.cleaned_data["api_key"]
        try:
            found = check_key(api_key)
            with network_scope(network.id):
                rotate_key(network, found=found, api_key=api_key, actor=request.access.user)
        except VendorError as error:
            form.add_error("api_key", _vendor_words(error))
        except OtherNetwork as error:
            form.add_error(
                "api_key",
                _("This key opens another network (%(name)s). The key in use is unchanged.")
                % {"name": error.found.name},
            )
        except CompromisedKey:
            form.add_error(
                "api_key",
                _("This key was reported as compromised and is not used again. Ask Mobility Work for a new one."),
            )
        else:
            messages.success(request, _("The new key works and is in use. The old one is retired here."))
            return redirect("network", slug)
    text = _("The key in use keeps working until the new one has been checked.")
    return _form(request, network, form, title=_("Replace the API key"), button=_("Check and replace"), text=text)


@require_POST
def key_compromised(request: PortalRequest, slug: str) -> HttpResponse:
    """Stop all sending at once."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    report_compromised(network, actor=request.access.user)
    messages.warning(
        request,
        _(
            "All sending with this key has stopped. Now write to your contact at Mobility Work, in sales or customer "
            "success: only they can revoke a key and give you a new one. Then replace the key here."
        ),
    )
    return redirect("network", slug)


@require_http_methods(["GET", "POST"])
@never_cache
def secret_add(request: PortalRequest, slug: str) -> HttpResponse:
    """Add a signing secret and show it once."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    form = SecretForm(request.POST or None, initial={"makes": ticket_of(network, request.access.user)})
    if request.method == "POST" and form.is_valid():
        return _added_secret(request, network, form)
    text = _(
        "Set the same secret in Mobility Work's webhook settings within the overlap; until then both are accepted."
    )
    return _form(request, network, form, title=_("Add a signing secret"), button=_("Add"), text=text)


def _added_secret(request: PortalRequest, network: Network, form: SecretForm) -> HttpResponse:
    """Add a secret and show it; to a form that is sent once more by a reload, the one that it made.

    So the secret is in no session, no address and no cache, and none is made by looking at it again.
    """
    ticket = form.cleaned_data["makes"]
    secret_id = secret_in(ticket, network, request.access.user)
    if ticket and secret_id is None:
        messages.info(request, _("This form is too old, so nothing was added. Fill it in once more."))
        return redirect("secret_add", network.slug)
    text, overlap = form.cleaned_data["secret"] or None, form.overlap_time()
    try:
        opened = inbox.add_secret(network, actor=request.access.user, text=text, overlap=overlap, secret_id=secret_id)
        shown = opened.text
    except inbox.AlreadyAdded as error:
        if timezone.now() - error.added.created_at > SHOWN_AGAIN:
            messages.info(request, _("This secret was added already. Nothing was changed."))
            return redirect("network", network.slug)
        shown = inbox.reveal_secret(network, error.added.id, actor=request.access.user)
    older = SigningSecret.objects.filter(network_id=network.id, valid_until__gt=timezone.now())
    context = {"network": network, "secret": shown, "older": older.order_by("-valid_until").first()}
    return render(request, "networks/secret.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def secret_reveal(request: PortalRequest, slug: str, secret_id: UUID) -> HttpResponse:
    """Show a signing secret to an admin who has just given the password again."""
    # Access first: to an outsider, asking for the password would say that there is something.
    network = request.access.network(slug, at_least=Level.ADMIN)
    answer: HttpResponse = _reveal(request, network, secret_id)  # its decorator is untyped
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _reveal(request: PortalRequest, network: Network, secret_id: UUID) -> HttpResponse:
    try:
        text = inbox.reveal_secret(network, secret_id, actor=request.access.user)
    except SigningSecret.DoesNotExist:
        raise Http404(_("There is no such secret.")) from None
    response = render(request, "networks/secret.html", {"network": network, "secret": text})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def secret_retire(request: PortalRequest, slug: str, secret_id: UUID) -> HttpResponse:
    """End a signing secret at once."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    try:
        inbox.retire_secret(network, secret_id, actor=request.access.user)
    except SigningSecret.DoesNotExist:
        raise Http404(_("There is no such secret.")) from None
    messages.success(request, _("The secret is no longer accepted."))
    return redirect("network", slug)


@require_http_methods(["GET", "POST"])
def address_rotate(request: PortalRequest, slug: str) -> HttpResponse:
    """Give the inbox a new address."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    form = OverlapForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        inbox.rotate_address(network, actor=request.access.user, overlap=form.overlap_time())
        messages.success(request, _("The inbox has a new address. Set it in Mobility Work within the overlap."))
        return redirect("network", slug)
    text = _(
        "Every webhook in Mobility Work must be set to the new address before the overlap ends, or its events are lost."
    )
    return _form(request, network, form, title=_("New inbox address"), button=_("Make a new address"), text=text)


@require_POST
def recipe_release(request: PortalRequest, slug: str) -> HttpResponse:
    """Forget the pinned recipe."""
    network = request.access.network(slug, at_least=Level.ADMIN)
    inbox.release_recipe(network, actor=request.access.user)
    messages.success(request, _("The recipe is released; the next signed delivery that matches one pins it again."))
    return redirect("network", slug)


def _form(
    request: PortalRequest, network: Network, form: Any, *, title: str, button: str, text: str = ""
) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"network": network, "form": form, "title": title, "button": button, "text": text}
    return render(request, "networks/form.html", context, status=status)
