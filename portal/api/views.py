"""Tokens of an organization: its admins list, make and revoke them."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.models import Organization
from portal.api.forms import TokenForm
from portal.api.models import Scope, Token
from portal.api.tokens import create_token, revoke_token
from portal.networks.middleware import PortalRequest

SHOWN = 200  # tokens of one organization; the newest first


@require_GET
def token_list(request: PortalRequest, organization: str) -> HttpResponse:
    """List the tokens of an organization."""
    found = request.access.organization(organization, admin=True)
    now = timezone.now()
    names = dict(found.networks.values_list("id", "name"))
    tokens = Token.objects.filter(organization=found).order_by("-id")[:SHOWN]
    return render(
        request,
        "api/tokens.html",
        {
            "organization": found,
            "organizations": [item for item in request.access.organizations if item.id in request.access.admin_of],
            "tokens": [
                {
                    "token": token,
                    "valid": token.is_valid(now=now),
                    "scopes": [Scope(name).label for name in token.scopes],
                    "networks": None if token.networks is None else [names.get(each, "?") for each in token.networks],
                }
                for token in tokens
            ],
        },
    )


@require_http_methods(["GET", "POST"])
@never_cache
def token_new(request: PortalRequest, organization: str) -> HttpResponse:
    """Make a token, for an admin who has just given the password again, and show it once."""
    # Access first: to an outsider, asking for the password would say that there is something.
    found = request.access.organization(organization, admin=True)
    answer: HttpResponse = _make(request, found)  # its decorator is untyped
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]
def _make(request: PortalRequest, organization: Organization) -> HttpResponse:
    networks = list(organization.networks.order_by("name"))
    form = TokenForm(request.POST or None, networks=networks)
    if request.method == "POST" and form.is_valid():
        made = create_token(
            organization,
            name=form.cleaned_data["name"],
            scopes=[Scope(name) for name in form.cleaned_data["scopes"]],
            networks=form.chosen_networks(),
            days=form.cleaned_data["days"],
            actor=request.access.user,
        )
        response = render(request, "api/token.html", {"organization": organization, "made": made})
        response["Cache-Control"] = "no-store"
        return response
    context = {"organization": organization, "form": form, "title": _("New API token"), "button": _("Make the token")}
    return render(request, "accounts/form.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: PortalRequest, organization: str, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    found = request.access.organization(organization, admin=True)
    try:
        token = Token.objects.get(organization=found, id=token_id)
    except Token.DoesNotExist:
        raise Http404(_("There is no such token.")) from None
    revoke_token(token, actor=request.access.user)
    messages.success(request, _("The token “%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("api_tokens", found.slug)
