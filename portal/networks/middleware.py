"""Gives every signed-in request its access, and runs its view inside the scoped transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from portal.networks.access import Access, access_of
from portal.networks.denials import is_denial, record_denial

View = TypeVar("View", bound=Callable[..., Any])


class PortalRequest(HttpRequest):
    """A request as the portal's views see it (for type checking)."""

    access: Access
    htmx: Any


def unscoped(view: View) -> View:
    """Mark a view that calls the vendor: it opens scopes around its database work by itself, so that no
    transaction is held during a network call."""
    view.unscoped = True  # type: ignore[attr-defined]
    return view


class AccessMiddleware:
    """Sets `request.access` and opens its scope around everything that follows: view, template, exceptions.

    The last middleware, so that those before it still see the exceptions of views (sign-in again, for one).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        access = access_of(request.user)
        request.access = access  # type: ignore[attr-defined]
        if _opens_its_own_scopes(request):
            response = self.get_response(request)
        else:
            request.is_scoped = True  # type: ignore[attr-defined]
            with access.scope():
                response = self.get_response(request)
        denial: PermissionDenied | Http404 | None = getattr(request, "denial", None)
        if denial is not None:
            record_denial(request, access, denial)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Undo what a view did before it failed; the answer is made by whoever handles the exception."""
        if is_denial(exception):
            request.denial = exception  # type: ignore[attr-defined]
        if getattr(request, "is_scoped", False):
            transaction.set_rollback(True)


def _opens_its_own_scopes(request: HttpRequest) -> bool:
    try:
        return bool(getattr(resolve(request.path_info).func, "unscoped", False))
    except Resolver404:
        return True
