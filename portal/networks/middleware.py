"""Gives every signed-in request its access, and runs its view inside the scoped transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from portal.networks.access import Access, access_of

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
    """Sets `request.access`; the last middleware, because it calls the view itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.access = access_of(request.user)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Run the view, and the rendering of a lazy response, inside the person's scope."""
        access: Access | None = getattr(request, "access", None)
        if access is None or getattr(view, "unscoped", False):
            return None
        with access.scope():
            response: HttpResponse = view(request, *args, **kwargs)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
        return response
