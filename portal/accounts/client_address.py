"""Where a request comes from: one answer for the audit trail and for the limits of sign-in."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address, behind a proxy the one that the proxy added; None where there is none."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None
