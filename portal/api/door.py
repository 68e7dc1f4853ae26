"""The one way into the read API: who asks, how often, and what of it the database lets them see.

No session and no cookie counts here: a request is its token. What follows runs in a transaction that sees the networks
of the token and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from ninja.errors import ValidationError
from ninja.operation import Operation

from portal.api import errors
from portal.api.answers import refuse_other_forms
from portal.api.limits import count_request
from portal.api.models import Scope
from portal.api.tokens import Bearer, TokenRefused, find_bearer
from portal.lib.scope import tenant_scope
from portal.networks.models import Network

log = logging.getLogger(__name__)
REFUSED = {
    "unknown": "This token is not known.",
    "expired": "This token has expired. An admin of the organization can make a new one.",
    "revoked": "This token was revoked. An admin of the organization can make a new one.",
}


class ApiRequest(HttpRequest):
    """A request as the routes see it (for type checking)."""

    bearer: Bearer


def door(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard one operation; `run` is its bound method."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    names = _parameter_names(operation)
    lists = {name for model in operation.models for name in getattr(model, "__ninja_collection_fields__", ())}
    has_csv = bool((operation.openapi_extra or {}).get("x-list"))

    def enter(request: ApiRequest, **values: Any) -> HttpResponse:
        with translation.override("en"):
            try:
                request.bearer = _bearer(request)
                refuse_other_forms(request, has_csv=has_csv)
                _refuse_odd_parameters(request, names, lists, values)
                response = _inside(run, request, values)
            except errors.Refusal as refusal:
                response = refusal.response()
            patch_vary_headers(response, ["Accept", "Authorization"])
            response["Content-Language"] = "en"
            return _conditional(request, response)

    return enter


def network_of(request: ApiRequest, slug: str) -> Network:
    """Return a network that the token may read. Raises a Refusal (404) for every other."""
    for network in request.bearer.networks:
        if network.slug == slug:
            return network
    raise errors.not_found("There is no such network, or this token may not read it.")


def networks_of(request: ApiRequest, slug: str | None) -> list[Network]:
    """Return the one network that is asked for, or all that the token may read."""
    return [network_of(request, slug)] if slug else list(request.bearer.networks)


def _bearer(request: HttpRequest) -> Bearer:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise errors.no_token("Send a token: Authorization: Bearer portal_…")
    now = timezone.now()
    try:
        bearer = find_bearer(text.strip(), now=now)
    except TokenRefused as refused:
        raise errors.no_token(REFUSED[refused.reason]) from None
    count_request(bearer.token_id, now=now)
    if Scope.READ not in bearer.scopes:
        raise errors.scope_missing(Scope.READ)
    return bearer


def _parameter_names(operation: Operation) -> frozenset[str]:
    """Return the names of the parameters that an operation takes in its address."""
    return frozenset(
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    )


def _refuse_odd_parameters(
    request: HttpRequest, names: frozenset[str], lists: set[str], values: dict[str, Any]
) -> None:
    """Raise a Refusal for parameters that no route would look at: an answer that ignores a filter is a wrong answer."""
    odd = []
    for name, given in request.GET.lists():
        if name not in names:
            odd.append(
                errors.BadParameter(name[:100], f"Unknown here. Known are: {', '.join(sorted(names)) or 'none'}")
            )
        elif len(given) > 1 and name not in lists:
            odd.append(errors.BadParameter(name, "Given more than once"))
        elif any("\0" in value for value in given):
            odd.append(errors.BadParameter(name, "Holds a zero byte"))
    odd += [errors.BadParameter(name, "Holds a zero byte") for name, value in values.items() if "\0" in str(value)]
    if odd:
        raise errors.bad_parameters(odd)


def _inside(run: Callable[..., HttpResponse], request: ApiRequest, values: dict[str, Any]) -> HttpResponse:
    """Run the route in the scope of its token's networks."""
    with tenant_scope(networks=[network.id for network in request.bearer.networks]):
        response = run(request, **values)
        if response.status_code >= 500:
            transaction.set_rollback(True)
    return response


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give an answer its tag, and answer 304 where the client has it already."""
    if response.status_code != 200:
        return response
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    answer = get_conditional_response(request, etag=etag, response=response)
    assert isinstance(answer, HttpResponse)  # noqa: S101 - it was given one
    return answer


def on_refusal(request: HttpRequest, refusal: errors.Refusal) -> HttpResponse:
    """Answer what a route refused."""
    return refusal.response()


def on_bad_values(request: HttpRequest, found: ValidationError) -> HttpResponse:
    """Answer what the validation of parameters found."""
    return errors.of_validation(found.errors).response()


def on_failure(request: HttpRequest, failure: Exception) -> HttpResponse:
    """Answer what nobody expected, and log it."""
    log.error("The read API failed at %s", request.path, exc_info=failure)
    return errors.failed().response()
