"""Stock through time: a part's ledger, and every level as it stood at a moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ninja import Query
from pydantic import Field

from portal.api.answers import Item, Page
from portal.api.cursors import KeyCursor, TextCursor
from portal.api.door import ApiRequest, network_of
from portal.api.parameters import DEFAULT, Figure, Key, Limit, Moment, NetworkName, Parameters, figure, in_zone, one_of
from portal.api.queries import stock
from portal.api.queries.names import names_of
from portal.api.registry import listing
from portal.api.routes.stock import CONFIDENCE
from portal.stock.models import Entry
from portal.stock.moment import known_at
from portal.stock.standing import Scope, Standing

AREA = "Stock"


class LedgerLine(Item):
    """One event, or one accepted write of a job, that says something of a part's stock."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    spare_part: str = Field(description="Key of the spare part.", examples=["id:88197"])
    occurred_at: datetime = Field(description="When it happened.", examples=["2026-03-12T08:41:05Z"])
    kind: str = Field(
        description=f"One of {', '.join(f'`{kind}`' for kind in Entry.Kind.values)}.", examples=["consumed"]
    )
    event: int | None = Field(description="Position of the event; null for a write of ours.", examples=[4711])
    location: str | None = Field(description="Key of the location.", examples=["id:5302"])
    location_name: str | None = Field(description="Name of the location, as last seen.", examples=["Fluids store"])
    quantity: Figure | None = Field(description="Quantity, as the vendor gave it.", examples=["2"])
    change: Figure | None = Field(description="Signed change; null where it is not said.", examples=["-2"])
    previous_stock: Figure | None = Field(description="Stock before, as the event gave it.", examples=["5"])
    resulting_stock: Figure | None = Field(description="Stock after, as the event gives or implies it.", examples=["3"])
    minimum_stock: Figure | None = Field(description="Minimum that an alert named.", examples=[None])
    stock_after: Figure | None = Field(description="Running balance of the part after this line.", examples=["12"])
    location_stock_after: Figure | None = Field(description="Running balance of the location.", examples=["3"])
    unexplained: Figure | None = Field(
        description="What is missing between the balance before and `previousStock`, signed; 0 where they agree.",
        examples=["0"],
    )
    task: str | None = Field(description="Key of the task.", examples=["id:7c41d9ae"])
    task_name: str | None = Field(description="Description of the task, as last seen.", examples=["Oil change"])
    initiator: str | None = Field(description="Key of the person.", examples=["id:4117"])
    initiator_name: str | None = Field(description="Name of the person, as last seen.", examples=["Mehdi Benali"])
    job: UUID | None = Field(
        description="Job whose accepted write this is.", examples=["0198c2de-7b3a-7c11-9f4e-2f6a1d0c5e77"]
    )
    row: int | None = Field(description="Row of that job.", examples=[2])


class LevelAt(Item):
    """A level as it stood at a moment."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    spare_part: str = Field(description="Key of the spare part.", examples=["id:88197"])
    spare_part_name: str | None = Field(description="Name, as last seen.", examples=["Oil filter GA37"])
    external_reference: str | None = Field(description="External reference, as last seen.", examples=["FILT-GA37-OIL"])
    location: str | None = Field(description="Key of the location; null = over all locations.", examples=[None])
    location_name: str | None = Field(description="Name of the location, as last seen.", examples=[None])
    level: Figure | None = Field(description="Level at the moment; null where nothing was known.", examples=["12"])
    as_of: datetime | None = Field(
        description="Time of the last line of its ledger then.", examples=["2025-12-30T15:02:11Z"]
    )
    kind: str | None = Field(description="Kind of that line (see the ledger).", examples=["consumed"])
    event: int | None = Field(description="Position of its event.", examples=[4711])
    confidence: str = Field(description=CONFIDENCE, examples=["exact"])
    doubtful_since: datetime | None = Field(description="Since when the level is doubtful.", examples=[None])
    within_gap: bool = Field(
        description="True where an open gap spans the moment: a change whose time nobody knows.", examples=[False]
    )


class LedgerQuery(Parameters):
    """Which part, and which of its lines."""

    spare_part: Key = Field(alias="sparePart", description="Key of the spare part.")
    location: Key | None = Field(None, description="Only lines of this location, by its key.")
    kind: list[one_of(Entry.Kind.values)] = Field([], description="Only lines of these kinds.")  # type: ignore[valid-type]
    since: Moment | None = Field(
        None, alias="from", description="Only lines from then on. Site time where no offset is given."
    )
    until: Moment | None = Field(
        None, alias="to", description="Only lines before then. Site time where no offset is given."
    )
    limit: Limit = DEFAULT
    cursor: KeyCursor = ""


class AtQuery(Parameters):
    """Which moment."""

    moment: Moment = Field(
        description="The moment, itself included: `2025-12-31T23:59:59` is meant in the network's time zone, "
        "`2025-12-31T23:59:59Z` in UTC.",
    )
    limit: Limit = DEFAULT
    cursor: TextCursor = ""


@listing("/networks/{network}/ledger", LedgerLine, area=AREA, summary="Ledger of a spare part")
def stock_ledger(request: ApiRequest, network: NetworkName, query: Query[LedgerQuery]) -> Page:
    """Every line of a part's ledger, the latest first: what moved, by how much, who, on which task."""
    place = network_of(request, network)
    zone = ZoneInfo(place.time_zone)
    found = stock.ledger(
        place.id,
        query.spare_part,
        location=query.location,
        kinds=query.kind,
        since=in_zone(query.since, zone) if query.since else None,
        until=in_zone(query.until, zone) if query.until else None,
        cursor=query.cursor,
        limit=query.limit + 1,
    )
    names = names_of(
        (place.id, kind, key)
        for row in found
        for kind, key in (("location", row.location), ("task", row.task), ("person", row.person))
    )
    items = [
        LedgerLine(
            network=network,
            spare_part=row.part,
            occurred_at=row.occurred_at,
            kind=row.kind,
            event=row.position,
            location=row.location or None,
            location_name=names.name(place.id, "location", row.location),
            quantity=figure(row.quantity),
            change=figure(row.delta),
            previous_stock=figure(row.previous),
            resulting_stock=figure(row.resulting),
            minimum_stock=figure(row.minimum),
            stock_after=figure(row.places_after if row.scope == Scope.LOCATION else row.part_after),
            location_stock_after=figure(row.place_after),
            unexplained=figure(_missing(row)),
            task=row.task,
            task_name=names.name(place.id, "task", row.task),
            initiator=row.person,
            initiator_name=names.name(place.id, "person", row.person),
            job=row.job_id,
            row=row.row,
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    return Page(LedgerLine, items, {"cursor": bytes(last.order_key).hex()} if last else None)


def _missing(row: Any) -> Decimal | None:
    """Return the break in the chain that counts on this network; where none is proven, nothing is said of breaks."""
    if row.scope == Scope.LOCATION:
        return row.place_gap  # type: ignore[no-any-return]
    return row.part_gap if row.scope == Scope.PART else None


@listing("/networks/{network}/stock/at", LevelAt, area=AREA, summary="Stock at a moment")
def stock_at(request: ApiRequest, network: NetworkName, query: Query[AtQuery]) -> Page:
    """Every spare part of a network with its level at a moment, ordered by key: the stock at the end of last year.

    It is worked out from all that has arrived until now: an event that comes late changes the past.
    """
    place = network_of(request, network)
    moment = in_zone(query.moment, ZoneInfo(place.time_zone))
    found = stock.parts_at(place.id, moment, cursor=query.cursor, limit=query.limit + 1)
    then = known_at({(place.id, row.part) for row in found}, stock.behind(moment))
    names = names_of((place.id, "part", row.part) for row in found)
    items = [
        LevelAt(
            network=network,
            spare_part=row.part,
            spare_part_name=names.name(place.id, "part", row.part),
            external_reference=names.reference(place.id, "part", row.part),
            location=None,
            location_name=None,
            **_level(row, then[place.id, row.part].of_part(), then[place.id, row.part].spanning),
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    return Page(LevelAt, items, {"cursor": last.part.encode().hex()} if last else None)


@listing("/networks/{network}/stock/at/locations", LevelAt, area=AREA, summary="Stock by location at a moment")
def stock_at_by_location(request: ApiRequest, network: NetworkName, query: Query[AtQuery]) -> Page:
    """Every spare part at every location of a network with its level at a moment, ordered by part and location.

    Empty on networks whose events were not found to count locations.
    """
    place = network_of(request, network)
    moment = in_zone(query.moment, ZoneInfo(place.time_zone))
    found = stock.places_at(place.id, moment, cursor=query.cursor, limit=query.limit + 1)
    then = known_at({(place.id, row.part) for row in found}, stock.behind(moment))
    names = names_of(
        (place.id, kind, key) for row in found for kind, key in (("part", row.part), ("location", row.location))
    )
    items = [
        LevelAt(
            network=network,
            spare_part=row.part,
            spare_part_name=names.name(place.id, "part", row.part),
            external_reference=names.reference(place.id, "part", row.part),
            location=row.location,
            location_name=names.name(place.id, "location", row.location),
            **_level(
                row,
                then[place.id, row.part].of_place(row.location),
                then[place.id, row.part].spanning.keys() & {row.location},
            ),
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    return Page(LevelAt, items, {"cursor": f"{last.part}\0{last.location}".encode().hex()} if last else None)


def _level(row: Any, standing: Standing, gaps: Collection[str]) -> dict[str, Any]:
    return {
        "level": figure(standing.level),
        "as_of": row.occurred_at,
        "kind": row.kind,
        "event": row.position,
        "confidence": standing.confidence.value,
        "doubtful_since": standing.since,
        "within_gap": bool(gaps),
    }
