"""The sign-in policy where django-allauth asks for one, and what the audit trail keeps of it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse

from portal.accounts.client_address import client_address
from portal.accounts.models import Membership, User
from portal.trail.record import record


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: people come by an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse the sign-up page."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Record a sign-in with every organization of the person."""
        _record("signed_in", user, request)
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer

    def logout(self, request: HttpRequest) -> None:
        """Record that somebody signed out."""
        if request.user.is_authenticated:
            _record("signed_out", request.user, request)
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        """Record a new password, whether changed or set by a link from a mail."""
        super().set_password(user, password)
        _record("password_changed", user, self.request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a failed sign-in with the organizations of the person whose address was used."""
        super().authentication_failed(request, **credentials)
        email = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        user = User.objects.filter(email=email[:254].replace("\0", "")).first()
        if user is not None:
            _record("sign_in_failed", user, request)


def _record(action: str, user: User, request: HttpRequest) -> None:
    for organization_id in Membership.objects.filter(user=user).values_list("organization_id", flat=True):
        record(
            action,
            actor=user,
            organization_id=organization_id,
            subject=user.email,
            address=client_address(request),
        )
