"""Addresses of the read API, under /api/v1/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from portal.api.document import document
from portal.api.errors import not_found
from portal.api.registry import api

app_name = "api"


@require_GET
def openapi(request: HttpRequest) -> HttpResponse:
    """Serve the document; it speaks of no tenant, so it is open to everybody."""
    return JsonResponse(document())


@csrf_exempt
def missing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer for every other address as the API does, not with a page for people."""
    return not_found("There is no such address; /api/v1/openapi.json lists them all.").response()


urlpatterns: list[URLPattern] = [
    # Without ninja's root, which is a page for people.
    *(pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"),
    path("openapi.json", openapi, name="openapi"),
    path("", missing, name="missing_root"),
    path("<path:rest>", missing, name="missing"),
]
for _pattern in urlpatterns:
    # A token opens these, not a session: the door of the API asks for it and sets its own scope.
    vars(_pattern.callback).update(login_required=False, unscoped=True)
