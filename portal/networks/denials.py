"""Records what a person was refused: by their role (403), or because it is not theirs to see (404)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import resolve
from redis.exceptions import RedisError

from portal.accounts.client_address import client_address
from portal.networks.access import Access, NoAccess, RoleTooLow
from portal.trail.record import record

ONCE_IN_SECONDS = 60
PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>")
SHOWN_CONVERTERS = frozenset({"slug", "int", "uuid"})  # anything else in an address may be a key


def is_denial(exception: Exception) -> bool:
    """Tell whether an exception refuses something; a page that is merely missing does not."""
    return isinstance(exception, (PermissionDenied, NoAccess))


def record_denial(request: HttpRequest, access: Access, exception: PermissionDenied | Http404) -> None:
    """Write the denial into the trail, once a minute for one address; the page's transaction is over by now.

    A refusal by role belongs to the network or organization that refused. An address that is not theirs, which may be
    another tenant's, belongs to the person's own organizations: the other tenant learns nothing of the person.
    """
    status = 403 if isinstance(exception, PermissionDenied) else 404
    path = shown_path(request.path_info)
    if not _first(f"denial:{access.user.id}:{status}:{request.method}:{path}"):
        return
    network_id: UUID | None = None
    organizations: Iterable[UUID | None] = [item.id for item in access.organizations] or [None]
    if isinstance(exception, RoleTooLow):
        network_id, organizations = exception.network_id, [exception.organization_id]
    for organization_id in organizations:
        record(
            "access_denied",
            actor=access.user,
            organization_id=organization_id,
            network_id=network_id,
            subject=f"{request.method} {path}",
            details={"status": status},
            address=client_address(request),
        )


def shown_path(path: str) -> str:
    """Return an address with everything left out that could be a key: only slugs, numbers and ids are shown."""
    match = resolve(path)

    def value(placeholder: re.Match[str]) -> str:
        converter, name = placeholder.groups()
        return str(match.kwargs[name]) if converter in SHOWN_CONVERTERS else "…"

    return f"/{PLACEHOLDER.sub(value, match.route)}"


def _first(key: str) -> bool:
    try:
        return bool(caches["counts"].add(key, 1, ONCE_IN_SECONDS))
    except RedisError:
        return True
