"""Events: over all networks as the timeline has them, and of one network in the order of recording."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from ninja import Query
from pydantic import Field

from integrations.mobility_work.events import EVENT_TYPES
from portal.api.answers import Item, Page
from portal.api.cursors import EventCursor
from portal.api.door import ApiRequest, network_of, networks_of
from portal.api.errors import not_found
from portal.api.parameters import (
    DEFAULT,
    MAX_KEY,
    MOST_POSITION,
    WITHOUT_ZERO,
    Day,
    Figure,
    Limit,
    NetworkName,
    Parameters,
    Position,
    Slug,
    Words,
    figure,
    one_of,
)
from portal.api.queries.events import event_at, events_since, subjects_of
from portal.api.queries.names import names_of
from portal.api.registry import listing, single
from portal.lib.periods import PRESETS
from portal.networks.models import Network
from portal.timeline.filters import FLAGS, KINDS, VERDICTS, Filters
from portal.timeline.queries import timeline_page

AREA = "Events"
UTC = ZoneInfo("UTC")


class Thing(Item):
    """A task, spare part, equipment, location or person that an event speaks of."""

    kind: str = Field(description=f"One of {', '.join(f'`{kind}`' for kind in KINDS)}.", examples=["part"])
    key: str = Field(description="Key; it means something in its own network only.", examples=["id:88197"])
    name: str | None = Field(description="Name, as last seen.", examples=["Oil filter GA37"])
    external_reference: str | None = Field(
        description="The customer's own reference, as last seen.", examples=["FILT-GA37-OIL"]
    )


class Event(Item):
    """One event of Mobility Work, recorded once."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    position: int = Field(
        description="The network's running number of events: the place from which to read on.", examples=[4711]
    )
    type: str = Field(
        description="Type, as the vendor names it; empty for an unreadable one.", examples=["SparePartWasConsumed"]
    )
    occurred_at: datetime = Field(description="When it happened.", examples=["2026-03-12T08:41:05Z"])
    occurred_from: str = Field(
        description="From which member of the event that time is, or `received`.", examples=["emittedAt"]
    )
    received_at: datetime = Field(description="When it was first received.", examples=["2026-03-12T08:41:09Z"])
    last_received_at: datetime = Field(description="When it was last received.", examples=["2026-03-12T08:41:09Z"])
    deliveries: int = Field(description="How many times it was delivered.", examples=[1])
    verified: bool = Field(description="A delivery of it carried a valid signature.", examples=[True])
    flags: list[str] = Field(
        description="Its verdict, and what is unusual of it: the values of `is`.", examples=[["verified"]]
    )
    text: str = Field(
        description="What happened, as an English sentence.",
        examples=["Mehdi Benali consumed 2 × Oil filter GA37 at Fluids store"],
    )
    previous_stock: Figure | None = Field(description="Stock before, of a movement.", examples=["5"])
    resulting_stock: Figure | None = Field(description="Stock after, of a movement.", examples=["3"])
    idempotency_key: str | None = Field(description="The vendor's `_idempotencyKey`.", examples=["w5YkJt18Af"])
    about: list[Thing] = Field(description="What it speaks of.")


class Difference(Item):
    """A way in which an event differs from the vendor's documentation."""

    code: str = Field(description="What differs.", examples=["unknown_member"])
    path: str = Field(description="Where.", examples=["/sparePart/shelf"])
    detail: str = Field(description="More of it.", examples=[""])


class EventDetail(Event):
    """One event with what it means."""

    facts: list[dict[str, Any]] = Field(
        description="What it means, from a small closed set; `fact` names the kind.",
        examples=[[{"fact": "quantity_moved", "part": "id:88197", "kind": "consumed", "quantity": "2"}]],
    )
    differences: list[Difference] = Field(description="How it differs from the vendor's documentation.")
    reader_version: int = Field(description="Version of the reader that understood it so.", examples=[3])


class _Filters(Parameters):
    type: list[one_of([*EVENT_TYPES, "?"])] = Field([], description="Only these types; `?` = without a type.")  # type: ignore[valid-type]
    about: str | None = Field(
        None,
        pattern=f"^({'|'.join(KINDS)}):{WITHOUT_ZERO}{{1,{MAX_KEY}}}$",
        description="Only events that speak of this: kind, colon and key.",
        examples=["part:id:88197"],
    )
    period: one_of(PRESETS) | None = Field(  # type: ignore[valid-type]
        None, description="Only this period, today included; wins over `from` and `to`."
    )
    start: Day | None = Field(None, alias="from", description="Only events that happened on this day or later.")
    end: Day | None = Field(None, alias="to", description="Only events that happened on this day or earlier.")
    flag: one_of({*FLAGS, *VERDICTS}) | None = Field(  # type: ignore[valid-type]
        None, alias="is", description="Only events with this verdict or oddity."
    )
    q: Words | None = Field(None, description="Only events that hold these words, or words that begin so.")
    limit: Limit = DEFAULT

    def filters(self) -> Filters:
        """Return these as the timeline's filters."""
        kind, _, key = (self.about or "").partition(":")
        return Filters(
            types=tuple(dict.fromkeys(self.type)),
            kind=kind,
            key=key,
            preset=self.period or "",
            start=self.start,
            end=self.end,
            flag=self.flag or "",
            query=(self.q or "").strip(),
        )


class TimelineQuery(_Filters):
    """The timeline's filters. Days are those of the network; over several, of UTC."""

    network: Slug | None = Field(None)
    cursor: EventCursor = ""


class SinceQuery(_Filters):
    """The timeline's filters, and where to read on. Days are those of the network."""

    since: int = Field(0, ge=0, le=MOST_POSITION, description="Only events behind this position.")


@listing("/events", Event, area=AREA, summary="Events, newest first")
def events(request: ApiRequest, query: Query[TimelineQuery]) -> Page:
    """Events of all networks of the token, in the order in which they happened, newest first, as the timeline has them.

    To follow a network without missing anything, read it by position instead: an event that comes late takes its place
    in the past of this list.
    """
    networks = networks_of(request, query.network)
    zone = ZoneInfo(networks[0].time_zone) if len(networks) == 1 else UTC
    page = timeline_page(
        networks, query.filters(), zone=zone, now=timezone.now(), before=query.cursor, size=query.limit
    )
    items = _items(page.readings, networks)
    return Page(Event, items, {"cursor": page.older} if page.older else None)


@listing("/networks/{network}/events", Event, area=AREA, summary="Events since a position")
def events_by_position(request: ApiRequest, network: NetworkName, query: Query[SinceQuery]) -> Page:
    """Events of one network in the order in which they were recorded: read from the last position that you have.

    Nothing is ever put before a position that you have read. With filters a page looks through 5,000 events at most: it
    may hold fewer rows than asked for, or none, and still name a next page. Without a next page, ask again later with
    `since` = the last position that you read.
    """
    place = network_of(request, network)
    found, further = events_since(
        place.id, query.since, query.filters(), zone=ZoneInfo(place.time_zone), now=timezone.now(), limit=query.limit
    )
    return Page(Event, _items(found, [place]), {"since": further} if further is not None else None)


@single("/networks/{network}/events/{position}", EventDetail, area=AREA, summary="One event")
def event(request: ApiRequest, network: NetworkName, position: Position) -> EventDetail:
    """One event with what it means. The raw payload is handed out in the portal only, where the trail records it."""
    place = network_of(request, network)
    found = event_at(place.id, position)
    if found is None:
        raise not_found("There is no event at this position.")
    item = _items([found], [place])[0]
    return EventDetail(
        **dict(item),
        facts=found.facts,
        differences=[Difference(**{"path": "", "detail": "", **each}) for each in found.differences],
        reader_version=found.reader_version,
    )


def _items(readings: Sequence[Any], networks: Iterable[Network]) -> list[Event]:
    slugs = {network.id: network.slug for network in networks}
    about = subjects_of((reading.network_id, reading.position) for reading in readings)
    names = names_of((network_id, kind, key) for (network_id, _), things in about.items() for kind, key in things)

    def thing(network_id: UUID, kind: str, key: str) -> Thing:
        return Thing(
            kind=kind,
            key=key,
            name=names.name(network_id, kind, key),
            external_reference=names.reference(network_id, kind, key),
        )

    return [
        Event(
            network=slugs[reading.network_id],
            position=reading.position,
            type=reading.type,
            occurred_at=reading.occurred_at,
            occurred_from=reading.occurred_from,
            received_at=reading.first_received_at,
            last_received_at=reading.last_received_at,
            deliveries=reading.deliveries,
            verified=reading.verified,
            flags=list(reading.flags),
            text=_text(reading.sentence),
            previous_stock=figure(reading.previous_stock),
            resulting_stock=figure(reading.resulting_stock),
            idempotency_key=reading.idempotency_key,
            about=[
                thing(reading.network_id, kind, key)
                for kind, key in about.get((reading.network_id, reading.position), [])
            ],
        )
        for reading in readings
    ]


def _text(sentence: dict[str, Any] | str) -> str:
    """Return a stored sentence in English."""
    data = json.loads(sentence) if isinstance(sentence, str) else sentence
    values = {name: value.get("text", "") for name, value in data.get("arguments", {}).items()}
    return str(data.get("template", "")).format_map(defaultdict(lambda: "?", values))
