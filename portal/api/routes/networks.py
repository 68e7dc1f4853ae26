"""Networks of the token, and what arrives from them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils import timezone
from ninja import Query
from pydantic import Field

from portal.api.answers import Item, Page
from portal.api.door import ApiRequest, networks_of
from portal.api.parameters import Parameters, Slug
from portal.api.registry import listing
from portal.stock.models import NetworkScope
from portal.stock.standing import Scope
from portal.timeline.queries import last_positions
from portal.webhooks.coverage_map import coverage_of

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
    last_received_at: datetime | None = Field(
        description="When the latest delivery came that was answered 200 as it came: neither loaded as history nor let "
        "out of the quarantine later. null = never seen live.",
        examples=["2026-03-12T08:41:09Z"],
    )
    seen: Literal["live", "otherwise", "never"] = Field(
        description="`live`; `otherwise`: only in loaded history, or let out of the quarantine; or `never`.",
        examples=["live"],
    )
    last_otherwise_at: datetime | None = Field(
        description="When the latest event of a type that was seen `otherwise` came; null for all others.",
        examples=[None],
    )
    alarm_hours: int | None = Field(
        description="After how many hours without one the type counts as silent; null = no alarm is set.", examples=[48]
    )
    silent_since: datetime | None = Field(
        description="Since when it counts as silent; null = it does not.", examples=["2026-03-14T08:41:09Z"]
    )
    days: int = Field(
        description="How many days, today included, the figures are of: 30, or fewer since the first delivery.",
        examples=[30],
    )
    days_of: str = Field(description="Time zone at whose midnights these days begin.", examples=["Europe/Paris"])
    events: int = Field(description="Events received in these days, repeats left out.", examples=[412])
    deliveries: int = Field(description="Deliveries in these days.", examples=[415])
    signed: int = Field(description="Of them, those whose signature is verified by now.", examples=[415])
    repeats: int = Field(description="Of them, those of an event that was there already.", examples=[3])
    released: int = Field(
        description="Of them, those that were refused at first and let out of the quarantine later.", examples=[0]
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
    items = [
        CoverageItem(
            network=each.network.slug,
            type=cell.type.name,
            label=cell.type.label,
            last_received_at=cell.last_live_at,
            seen=cell.seen,
            last_otherwise_at=cell.last_other_at,
            alarm_hours=cell.hours or None,
            silent_since=cell.silent_from if cell.is_silent else None,
            days=cell.days,
            days_of=each.zone,
            events=cell.events,
            deliveries=cell.deliveries,
            signed=cell.signed,
            repeats=cell.repeats,
            released=cell.released,
        )
        for each in coverage_of(networks_of(request, query.network), now=timezone.now())
        for cell in each.cells
    ]
    return Page(CoverageItem, items)
