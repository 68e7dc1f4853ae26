"""People of an organization, invitations, and a person's own preferences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import people as domain
from portal.accounts.forms import InviteForm, JoinForm, PreferencesForm, RolesForm
from portal.accounts.models import Invitation, Membership, Organization, Role, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _networks(organization: Organization) -> list[tuple[UUID, str]]:
    return list(organization.networks.order_by("name").values_list("id", "name"))


def _admin_of(request: HttpRequest, slug: str) -> Organization:
    """Return an organization that the person is admin of; 404 for outsiders, 403 for other members."""
    organization: Organization = request.access.organization(slug, admin=True)  # type: ignore[attr-defined]
    return organization


@require_GET
def people_home(request: HttpRequest) -> HttpResponse:
    """Lead to the people of the first organization that the person is admin of; whoever is admin of none is told so."""
    access: Any = request.access  # type: ignore[attr-defined]
    first = next((each for each in access.organizations if each.id in access.admin_of), None)
    if first is None:
        # The first of their organizations says no; somebody who belongs to none finds nothing.
        first = access.organization(access.organizations[0].slug if access.organizations else "-", admin=True)
    return redirect("organization_people", first.slug)


@require_GET
def people(request: HttpRequest, organization: str) -> HttpResponse:
    """List members and open invitations."""
    found = _admin_of(request, organization)
    members = list(found.memberships.select_related("user").prefetch_related("network_roles__network"))
    return render(
        request,
        "accounts/people.html",
        {
            "organization": found,
            "organizations": [o for o in request.access.organizations if o.id in request.access.admin_of],  # type: ignore[attr-defined]
            "members": sorted(members, key=lambda member: str(member.user)),
            "admins": sum(member.is_admin for member in members),
            "invitations": _open_invitations(found),
            "export_query": urlencode({"organization": found.slug}),
        },
    )


def _open_invitations(organization: Organization) -> list[dict[str, Any]]:
    """Return the invitations that wait for an answer, each with the roles that it carries."""
    names = {str(network_id): name for network_id, name in _networks(organization)}
    waiting = organization.invitations.filter(accepted_at=None, withdrawn_at=None).order_by("-created_at")
    return [
        {
            "invitation": made,
            "expired": made.expires_at <= timezone.now(),
            # A network that is no longer the organization's gives no role.
            "roles": [
                (Role(role).label, names[network_id])
                for network_id, role in made.network_roles.items()
                if network_id in names
            ],
        }
        for made in waiting.select_related("invited_by")
    ]


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, organization: str) -> HttpResponse:
    """Invite somebody by e-mail."""
    found = _admin_of(request, organization)
    networks = _networks(found)
    form = InviteForm(request.POST or None, networks=networks)
    if request.method == "POST" and form.is_valid():
        try:
            made = domain.invite(
                found,
                email=form.cleaned_data["email"],
                is_admin=form.cleaned_data["is_admin"],
                roles=form.roles(),
                actor=_me(request),
            )
        except domain.AlreadyMember:
            form.add_error("email", _("This person is a member already; change the role on the people page."))
        except domain.MailNotSent:
            form.add_error("email", _("The mail could not be sent, so nobody is invited. Try again in a few minutes."))
        else:
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": made.email})
            return redirect("organization_people", found.slug)
    context = {"organization": found, "form": form, "title": _("Invite a person"), "button": _("Send the invitation")}
    return render(request, "accounts/form.html", context, status=422 if form.errors else 200)


def _me(request: HttpRequest) -> User:
    user: User = request.access.user  # type: ignore[attr-defined]
    return user


def _membership(organization: Organization, membership_id: UUID) -> Membership:
    try:
        return organization.memberships.select_related("user", "organization").get(id=membership_id)
    except Membership.DoesNotExist:
        raise Http404(_("There is no such member.")) from None


@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, organization: str, membership_id: UUID) -> HttpResponse:
    """Change a member's roles."""
    found = _admin_of(request, organization)
    membership = _membership(found, membership_id)
    initial = {f"role_{role.network_id}": role.role for role in membership.network_roles.all()}
    form = RolesForm(
        request.POST or None, networks=_networks(found), initial={"is_admin": membership.is_admin, **initial}
    )
    if request.method == "POST" and form.is_valid():
        try:
            domain.change_roles(
                membership, is_admin=form.cleaned_data["is_admin"], roles=form.roles(), actor=_me(request)
            )
        except domain.NoLongerMember:
            raise Http404(_("There is no such member.")) from None
        except domain.LastAdmin:
            form.add_error("is_admin", _("This is the last admin. Make somebody else admin first."))
        else:
            messages.success(request, _("The roles of %(person)s are changed.") % {"person": membership.user})
            return redirect("organization_people", found.slug)
    context = {"organization": found, "form": form, "title": str(membership.user), "button": _("Save")}
    return render(request, "accounts/form.html", context, status=422 if form.errors else 200)


@require_POST
def member_remove(request: HttpRequest, organization: str, membership_id: UUID) -> HttpResponse:
    """Remove a member."""
    found = _admin_of(request, organization)
    membership = _membership(found, membership_id)
    try:
        domain.remove(membership, actor=_me(request))
    except domain.NoLongerMember:
        raise Http404(_("There is no such member.")) from None
    except domain.LastAdmin:
        messages.error(request, _("This is the last admin and cannot be removed. Make somebody else admin first."))
    else:
        if membership.user == _me(request):
            messages.success(request, _("You have left %(organization)s.") % {"organization": found.name})
            return redirect("home")
        messages.success(request, _("%(person)s has no access any more.") % {"person": membership.user})
    return redirect("organization_people", found.slug)


def _invitation(organization: Organization, invitation_id: UUID) -> Invitation:
    try:
        return organization.invitations.select_related("organization").get(id=invitation_id)
    except Invitation.DoesNotExist:
        raise Http404(_("There is no such invitation.")) from None


@require_POST
def invitation_resend(request: HttpRequest, organization: str, invitation_id: UUID) -> HttpResponse:
    """Send an open invitation again, with a new link."""
    found = _admin_of(request, organization)
    made = _invitation(found, invitation_id)
    try:
        domain.send_again(made, actor=_me(request))
    except domain.InvitationInvalid:
        messages.info(request, _("This invitation is no longer open: it was used or withdrawn meanwhile."))
    except domain.AlreadyMember:
        messages.info(request, _("This person is a member already; change the role on the people page."))
    except domain.MailNotSent:
        messages.error(request, _("The mail could not be sent. The link sent before still works."))
    else:
        messages.success(
            request,
            _("A new link is on its way to %(email)s. The link sent before no longer works.") % {"email": made.email},
        )
    return redirect("organization_people", found.slug)


@require_POST
def invitation_withdraw(request: HttpRequest, organization: str, invitation_id: UUID) -> HttpResponse:
    """Withdraw an open invitation."""
    found = _admin_of(request, organization)
    made = _invitation(found, invitation_id)
    domain.withdraw(made, actor=_me(request))
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": made.email})
    return redirect("organization_people", found.slug)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person join: who is known confirms, who is new chooses a name and a password."""
    try:
        made = domain.open_invitation(token)
    except domain.InvitationInvalid:
        return render(request, "accounts/invitation_invalid.html", status=410)
    known = User.objects.filter(email=made.email).first()
    if known is not None:
        if not request.user.is_authenticated:
            return redirect(f"/accounts/login/?next={request.path}")
        if request.user.pk != known.pk:
            return render(request, "accounts/invitation_other.html", {"invitation": made}, status=403)
        if request.method == "POST":
            return _join(request, made, known)
        return render(request, "accounts/invitation.html", {"invitation": made, "form": None})
    form = JoinForm(request.POST or None, email=made.email)
    if request.method == "POST" and form.is_valid():
        try:
            user = domain.join(
                made,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password"],
                language=get_language_from_request(request),
            )
        except domain.InvitationInvalid:
            return render(request, "accounts/invitation_invalid.html", status=410)
        login(request, user, backend=BACKEND)
        return _welcome(request, made)
    context = {"invitation": made, "form": form}
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)


def _join(request: HttpRequest, made: Invitation, user: User) -> HttpResponse:
    try:
        domain.accept(made, user)
    except domain.InvitationInvalid:
        return render(request, "accounts/invitation_invalid.html", status=410)
    return _welcome(request, made)


def _welcome(request: HttpRequest, made: Invitation) -> HttpResponse:
    messages.success(request, _("Welcome to %(organization)s.") % {"organization": made.organization.name})
    return redirect("home")


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Change one's own language, time zone and look."""
    form = PreferencesForm(request.POST or None, instance=_me(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        with translation.override(form.instance.language):
            messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    context = {"form": form, "title": _("Preferences"), "button": _("Save")}
    return render(request, "accounts/form.html", context, status=422 if form.errors else 200)
