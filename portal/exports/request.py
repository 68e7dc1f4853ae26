"""Takes orders for exports."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.exports.listings import LISTINGS
from portal.exports.models import Export
from portal.networks.access import Access, NoAccess
from portal.timeline.queries import last_positions
from portal.trail.record import record

LONGEST = 4_000  # characters of filters
NO_FILTERS = frozenset({"before", "after", "csrfmiddlewaretoken", "format", "listing", "page"})


class TooManyExports(Exception):
    """The person has as many exports under way as the portal allows."""


def ask_for_export(access: Access, *, listing: str, query: QueryDict, file_format: str, address: str | None) -> Export:
    """Put an export in line: the list as `query` filters it, as of now. Needs the scope of `access`.

    Raises KeyError for a list or format that there is not, ValueError for filters that lack of whose list it is or are
    longer than can be kept (nothing of them may be lost), NoAccess for a network that the person may not see, and
    TooManyExports.
    """
    user: User = access.user
    kept = query.copy()
    for name in NO_FILTERS & set(kept):
        del kept[name]
    if len(kept.urlencode()) > LONGEST:
        raise ValueError(kept)
    LISTINGS[listing].address(kept)
    slug = str(kept.get("network", ""))
    network = access.network(slug) if slug else None
    networks = [network] if network else list(access.networks)
    organizations = [] if network else sorted(access.admin_of)
    if "organization" in LISTINGS[listing].in_path:
        networks, organizations = [], [access.organization(str(kept["organization"]), admin=True).id]
    if not networks and not organizations:
        raise NoAccess(_("You have access to no network, so there is nothing to export."))
    under_way = Export.objects.filter(created_by_id=user.id, state__in=[Export.State.WAITING, Export.State.WRITING])
    if under_way.count() >= settings.PORTAL_EXPORTS_AT_ONCE:
        raise TooManyExports
    positions = last_positions(networks)
    export = Export.objects.create(
        networks=[each.id for each in networks],
        organizations=organizations,
        created_by_id=user.id,
        created_by=user.email,
        created_at=timezone.now(),
        listing=listing,
        query=kept.urlencode(),
        format=Export.Format(file_format),
        language=translation.get_language() or "en",
        time_zone=timezone.get_current_timezone_name(),
        until={str(key): position for key, position in positions.items()},
    )
    record_of(export, "export_asked", user=user, access=access, address=address)
    return export


def record_of(export: Export, action: str, *, user: User, access: Access, address: str | None) -> None:
    """Write an act on an export into the trail of every network that it holds, or else of its organization."""
    of_networks = {network.id: network.organization_id for network in access.networks}
    places: list[tuple[UUID | None, UUID | None]] = [(each, of_networks.get(each)) for each in export.networks]
    for network_id, organization_id in places or [(None, each) for each in export.organizations]:
        record(
            action,
            actor=user,
            organization_id=organization_id,
            network_id=network_id,
            subject=f"{LISTINGS[export.listing].name} {export.format}",
            details={"export": str(export.id), "query": export.query, "rows": export.rows},
            address=address,
        )
