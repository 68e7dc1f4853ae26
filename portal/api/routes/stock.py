"""Stock: levels of parts and locations now, and gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ninja import Query
from pydantic import Field

from portal.api.answers import Item, Page
from portal.api.cursors import GapCursor, NetworkTextCursor
from portal.api.door import ApiRequest, networks_of
from portal.api.parameters import (
    DEFAULT,
    Boolean,
    Figure,
    Key,
    Limit,
    Moment,
    Parameters,
    Slug,
    figure,
    in_zone,
    one_of,
)
from portal.api.queries import stock
from portal.api.queries.names import names_of
from portal.api.registry import listing
from portal.stock.standing import Confidence

AREA = "Stock"
UTC = ZoneInfo("UTC")


class LevelFacts(Item):
    """What is known of a level."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    spare_part: str = Field(
        description="Key of the spare part: `id:` and the vendor's id, else `ref:` and the external reference.",
        examples=["id:88197"],
    )
    spare_part_name: str | None = Field(description="Name, as last seen.", examples=["Oil filter GA37"])
    external_reference: str | None = Field(description="External reference, as last seen.", examples=["FILT-GA37-OIL"])


CONFIDENCE = (
    "How sure the level is: `exact` (every movement joins the one before), `observed` (known from an alert, or from a "
    "write that Mobility Work accepted), `uncertain` (something was put back, nobody said how much), `gap` (a change "
    "is missing since `doubtfulSince`), `unknown` (nothing that names a level was ever seen)."
)


class PartLevel(LevelFacts):
    """A spare part's stock now, over all its locations."""

    level: Figure | None = Field(description="Pieces in stock; null where nothing is known.", examples=["12"])
    as_of: datetime | None = Field(description="When the level was last heard of.", examples=["2026-03-12T08:41:05Z"])
    confidence: str = Field(description=CONFIDENCE, examples=["exact"])
    doubtful_since: datetime | None = Field(description="Since when the level is doubtful.", examples=[None])
    minimum_stock: Figure | None = Field(description="Minimum, as the last alert named it.", examples=["4"])
    out_of_stock_since: datetime | None = Field(
        description="Since when none is left; null where some are.", examples=[None]
    )
    below_minimum_since: datetime | None = Field(description="Since when it is below its minimum.", examples=[None])
    last_movement_at: datetime | None = Field(description="Last movement.", examples=["2026-03-12T08:41:05Z"])
    last_consumption_at: datetime | None = Field(description="Last consumption.", examples=["2026-03-12T08:41:05Z"])
    last_event: int | None = Field(description="Position of the last event about its stock.", examples=[4711])
    locations: int = Field(description="Number of locations at which it was seen.", examples=[2])


class LocationLevel(LevelFacts):
    """A spare part's stock now at one location."""

    location: str = Field(description="Key of the location.", examples=["id:5302"])
    location_name: str | None = Field(description="Name, as last seen.", examples=["Fluids store"])
    level: Figure | None = Field(description="Pieces at this location; null where nothing is known.", examples=["3"])
    as_of: datetime | None = Field(description="When the level was last heard of.", examples=["2026-03-12T08:41:05Z"])
    confidence: str = Field(description=CONFIDENCE, examples=["exact"])
    doubtful_since: datetime | None = Field(description="Since when the level is doubtful.", examples=[None])
    last_event: int | None = Field(description="Position of the last event about it.", examples=[4711])


class GapItem(Item):
    """Stock that changed without an event that we have."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    spare_part: str = Field(description="Key of the spare part.", examples=["id:88197"])
    spare_part_name: str | None = Field(description="Name, as last seen.", examples=["Oil filter GA37"])
    location: str | None = Field(description="Key of the location; null = the part as a whole.", examples=["id:5302"])
    location_name: str | None = Field(description="Name of the location, as last seen.", examples=["Fluids store"])
    level_before: Figure = Field(description="Level that the last event before the gap left.", examples=["5"])
    level_after: Figure = Field(description="Level that the next event found.", examples=["12"])
    unexplained: Figure = Field(description="What is missing between the two, signed.", examples=["7"])
    since: datetime = Field(description="Time of the last event before the gap.", examples=["2026-03-12T10:02:00Z"])
    until: datetime = Field(description="Time of the event that revealed it.", examples=["2026-03-12T14:31:00Z"])
    revealed_by: int | None = Field(description="Position of the event that revealed it.", examples=[4711])
    closed_by: int | None = Field(
        description="Position of the late event that filled it; null = open.", examples=[None]
    )


class _Levels(Parameters):
    network: Slug | None = Field(None)
    spare_part: Key | None = Field(None, alias="sparePart", description="Only this part, by its key.")
    external_reference: Key | None = Field(
        None, alias="externalReference", description="Only parts with this external reference, as last seen."
    )
    confidence: one_of(each.value for each in Confidence) = Field(  # type: ignore[valid-type]
        None, description="Only levels that are so sure."
    )
    limit: Limit = DEFAULT
    cursor: NetworkTextCursor = ""


class PartLevels(_Levels):
    """Filters of parts."""

    out_of_stock: Boolean | None = Field(
        None, alias="outOfStock", description="Only parts that are (or are not) out of stock."
    )
    below_minimum: Boolean | None = Field(
        None, alias="belowMinimum", description="Only parts below (or not below) their minimum."
    )
    unmoved_since: Moment | None = Field(
        None,
        alias="unmovedSince",
        description="Only parts without a movement since then. UTC where no offset is given.",
    )


class LocationLevels(_Levels):
    """Filters of parts at locations."""

    location: Key | None = Field(None, description="Only this location, by its key.")


class Gaps(Parameters):
    """Filters of gaps."""

    network: Slug | None = Field(None)
    spare_part: Key | None = Field(None, alias="sparePart", description="Only gaps of this part, by its key.")
    state: one_of(("open", "closed", "all")) = Field("open", description="Which gaps.")  # type: ignore[valid-type]
    limit: Limit = DEFAULT
    cursor: GapCursor = ""


@listing("/stock", PartLevel, area=AREA, summary="Stock levels")
def stock_levels(request: ApiRequest, query: Query[PartLevels]) -> Page:
    """Spare parts with their level now, as of when, and how sure; ordered by network and key."""
    networks = networks_of(request, query.network)
    since = in_zone(query.unmoved_since, UTC) if query.unmoved_since else None
    found = stock.part_levels(
        networks,
        wanted={
            "part": query.spare_part,
            "reference": query.external_reference,
            "confidence": query.confidence,
            "unmoved_since": since,
        },
        low={"out": query.out_of_stock, "below": query.below_minimum},
        cursor=query.cursor,
        limit=query.limit + 1,
    )
    names = names_of((row.network_id, "part", row.part) for row in found)
    slugs = {network.id: network.slug for network in networks}
    items = [
        PartLevel(
            network=slugs[row.network_id],
            spare_part=row.part,
            spare_part_name=names.name(row.network_id, "part", row.part),
            external_reference=names.reference(row.network_id, "part", row.part),
            level=figure(row.level),
            as_of=row.as_of,
            confidence=row.confidence,
            doubtful_since=row.doubtful_since,
            minimum_stock=figure(row.minimum),
            out_of_stock_since=row.out_since,
            below_minimum_since=row.below_since,
            last_movement_at=row.moved_at,
            last_consumption_at=row.consumed_at,
            last_event=row.position,
            locations=row.places,
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    return Page(PartLevel, items, {"cursor": (last.network_id.bytes + last.part.encode()).hex()} if last else None)


@listing("/stock/locations", LocationLevel, area=AREA, summary="Stock levels by location")
def stock_levels_by_location(request: ApiRequest, query: Query[LocationLevels]) -> Page:
    """Spare parts with their level at each location; ordered by network, part and location.

    Only of networks whose events were found to count locations (`stockCounts` of the network is `location`): on others
    the levels of locations mean nothing.
    """
    networks = networks_of(request, query.network)
    found = stock.place_levels(
        networks,
        wanted={
            "part": query.spare_part,
            "reference": query.external_reference,
            "location": query.location,
            "confidence": query.confidence,
        },
        cursor=query.cursor,
        limit=query.limit + 1,
    )
    things = [(row.network_id, kind, key) for row in found for kind, key in _things(row)]
    names = names_of(things)
    slugs = {network.id: network.slug for network in networks}
    items = [
        LocationLevel(
            network=slugs[row.network_id],
            spare_part=row.part,
            spare_part_name=names.name(row.network_id, "part", row.part),
            external_reference=names.reference(row.network_id, "part", row.part),
            location=row.location,
            location_name=names.name(row.network_id, "location", row.location),
            level=figure(row.level),
            as_of=row.as_of,
            confidence=row.confidence,
            doubtful_since=row.doubtful_since,
            last_event=row.position,
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    further = last.network_id.bytes + f"{last.part}\0{last.location}".encode() if last else b""
    return Page(LocationLevel, items, {"cursor": further.hex()} if further else None)


@listing("/gaps", GapItem, area=AREA, summary="Gaps")
def stock_gaps(request: ApiRequest, query: Query[Gaps]) -> Page:
    """Changes of stock for which no event has arrived: a missed delivery, most likely. Ordered by network and part.

    A gap is closed when the event comes late.
    """
    networks = networks_of(request, query.network)
    found = stock.gaps(networks, part=query.spare_part, state=query.state, cursor=query.cursor, limit=query.limit + 1)
    names = names_of((row.network_id, kind, key) for row in found for kind, key in _things(row))
    slugs = {network.id: network.slug for network in networks}
    items = [
        GapItem(
            network=slugs[row.network_id],
            spare_part=row.part,
            spare_part_name=names.name(row.network_id, "part", row.part),
            location=row.location or None,
            location_name=names.name(row.network_id, "location", row.location),
            level_before=figure(row.before) or "0",
            level_after=figure(row.after) or "0",
            unexplained=figure(row.after - row.before) or "0",
            since=row.since,
            until=row.until,
            revealed_by=row.position,
            closed_by=row.closed_by,
        )
        for row in found[: query.limit]
    ]
    last = found[query.limit - 1] if len(found) > query.limit else None
    further = last.network_id.bytes + bytes(last.order_key) + f"{last.part}\0{last.location}".encode() if last else b""
    return Page(GapItem, items, {"cursor": further.hex()} if further else None)


def _things(row: Any) -> tuple[tuple[str, str], ...]:
    return ("part", row.part), ("location", row.location)
