"""Networks of the token, and what arrives from them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ninja import Query
from pydantic import Field

from integrations.mobility_work.events import EVENT_TYPES
from portal.api.answers import Item, Page
from portal.api.door import ApiRequest, networks_of
from portal.api.parameters import Parameters, Slug
from portal.api.queries.coverage import seen_types
from portal.api.registry import listing
from portal.stock.models import NetworkScope
from portal.stock.standing import Scope
from portal.timeline.queries import last_positions

AREA = "Networks"


class NetworkItem(Item):
    """A network that the token may read."""

    network: str = Field(description="Short name, by which other routes name it.", examples=["lyon"])
    name: str = Field(description="Name.", examples=["Fonderie de Lyon"])
    organization: str = Field(description="Short name of the organization.", examples=["acme"])
    kind: str = Field(description="`production` or `sandbox`.", examples=["production"])
    plan: str = Field(description="`starter`, `premium` or `ultimate`; starter has no webhooks.", examples=["premium"])
    time_zone: str = Field(description="Time zone, by its IANA name.", examples=["Europe/Paris"])
    currency: str | None = Field(description="Currency, by its ISO code.", examples=["EUR"])
    network_id: UUID = Field(
        description="The vendor's id, `networkId` in webhooks.", examples=["6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318"]
    )
    stock_counts: str = Field(
        description="What `previousStock` in events was found to count: `part`, `location`, or `unknown` so far.",
        examples=["location"],
    )
    last_position: int = Field(description="Position of the newest event; 0 = none.", examples=[4711])
    connected_at: datetime = Field(description="When it was connected.", examples=["2025-11-03T10:00:00Z"])


class CoverageItem(Item):
    """One type of event on one network."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    type: str = Field(description="Type, as the vendor names it.", examples=["SparePartWasConsumed"])
    label: str = Field(description="What it is called in the portal.", examples=["Part consumed"])
    first_received_at: datetime | None = Field(
        description="When the event of this type that happened first was first received; null = never seen.",
        examples=["2025-11-03T10:12:40Z"],
    )
    last_received_at: datetime | None = Field(
        description="When the event of this type that happened last was last received; null = never seen.",
        examples=["2026-03-12T08:41:09Z"],
    )


class NetworkQuery(Parameters):
    """Which network."""

    network: Slug | None = Field(None)


@listing("/networks", NetworkItem, area=AREA, summary="Networks")
def networks(request: ApiRequest, query: Query[NetworkQuery]) -> Page:
    """All networks that the token may read, in one page."""
    mine = networks_of(request, query.network)
    scopes = dict(
        NetworkScope.objects.filter(network_id__in=[each.id for each in mine]).values_list("network_id", "scope")
    )
    positions = last_positions(mine)
    items = [
        NetworkItem(
            network=each.slug,
            name=each.name,
            organization=each.organization.slug,
            kind=each.kind,
            plan=each.plan,
            time_zone=each.time_zone,
            currency=each.currency or None,
            network_id=each.vendor_network_id,
            stock_counts=scopes.get(each.id, Scope.UNKNOWN.value),
            last_position=positions.get(each.id, 0),
            connected_at=each.connected_at,
        )
        for each in mine
    ]
    return Page(NetworkItem, items)


@listing("/coverage", CoverageItem, area=AREA, summary="Coverage")
def coverage(request: ApiRequest, query: Query[NetworkQuery]) -> Page:
    """Every type of event on every network, and when it was last received: what is silent, or was never set up."""
    mine = networks_of(request, query.network)
    slugs = {network.id: network.slug for network in mine}
    items = [
        CoverageItem(
            network=slugs[row.network_id],
            type=row.type,
            label=EVENT_TYPES[row.type].label,
            first_received_at=row.first_received_at,
            last_received_at=row.last_received_at,
        )
        for row in seen_types(mine)
    ]
    return Page(CoverageItem, items)
