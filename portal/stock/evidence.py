"""What goes into the ledger of a part, and what comes out of it: plain data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from integrations.facts import Fact, LevelObserved, QuantityMoved, ThresholdCrossed
from integrations.mobility_work.ordering import order_key

CANCELLED, RECOUNTED, CONSUMED = "consumption_cancelled", "recounted", "consumed"
MOVES = frozenset({CONSUMED, "restocked", RECOUNTED, CANCELLED})
OUT_OF_STOCK, UNDER_MINIMUM = "out_of_stock", "under_minimum"
ALERTS = frozenset({OUT_OF_STOCK, UNDER_MINIMUM})
WRITTEN = "written"
WRITTEN_RANK = 75  # after every movement of the same moment (ranks: integrations/mobility_work/events.py)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one event, or one write of ours that the vendor accepted, says of the stock of one part."""

    order_key: bytes
    at: datetime
    kind: str
    position: int | None = None  # of the event
    location: str = ""  # key of the location; "" where the evidence names none
    quantity: Decimal | None = None
    delta: Decimal | None = None  # signed; None where it is not said
    previous: Decimal | None = None
    resulting: Decimal | None = None  # the level that it left, or that was observed or written
    minimum: Decimal | None = None
    task: str | None = None
    person: str | None = None
    job_id: UUID | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """How a movement joins one chain of levels.

    `before` is the level that the chain had, `gap` what is missing between it and the event's previous stock (0 where
    they agree), `since` when the chain was last heard of; all None where nothing can be said.
    """

    before: Decimal | None = None
    gap: Decimal | None = None
    since: datetime | None = None
    explained: str = ""  # "write", "cancellation" or "late": why the break is no gap


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a part's ledger: the evidence, and how it joins the chain of its location and that of the part."""

    evidence: Evidence
    place: Link
    part: Link
    vote: str  # "location" or "part": what previousStock counted here, "" where this event cannot tell
    place_after: Decimal | None  # level of its location afterwards, if locations are counted
    places_after: Decimal | None  # sum of the locations seen, if locations are counted
    part_after: Decimal | None  # level of the part afterwards, if parts are counted
    checkpoint: str | None = None  # the state of the part afterwards, on few entries


@dataclass(frozen=True, slots=True)
class Gap:
    """Stock that changed without an event that we have. `location` "" means the chain of the whole part."""

    location: str
    order_key: bytes  # of the entry that revealed it
    position: int | None
    before: Decimal
    after: Decimal
    since: datetime
    until: datetime
    agreed: bool  # both chains break alike, and the part was seen at one location only: no matter what is counted
    closed_by: int | None = None  # position of the late event that closed it

    @property
    def is_closed(self) -> bool:
        return self.closed_by is not None


def evidence_of(part: str, facts: list[Fact], *, key: bytes, at: datetime, position: int) -> Evidence | None:
    """Return what an event says of a part's stock, None where it says nothing of it."""
    crossed = next((fact for fact in facts if isinstance(fact, ThresholdCrossed) and fact.part == part), None)
    for fact in facts:
        if isinstance(fact, QuantityMoved) and fact.part == part:
            return Evidence(
                order_key=key, at=at, position=position, kind=fact.kind, location=fact.location or "",
                quantity=fact.quantity, delta=fact.delta, previous=fact.previous, resulting=fact.resulting,
                task=fact.task, person=fact.person,
            )  # fmt: skip
        if isinstance(fact, LevelObserved) and fact.part == part and crossed:
            return Evidence(
                order_key=key, at=at, position=position, kind=crossed.kind, location=fact.location or "",
                resulting=fact.level, minimum=fact.minimum,
            )  # fmt: skip
    if crossed:
        level = Decimal(0) if crossed.kind == OUT_OF_STOCK else None
        return Evidence(order_key=key, at=at, position=position, kind=crossed.kind, resulting=level)
    return None


def key_of_write(accepted_at: datetime, *, job_id: UUID, row: int) -> bytes:
    """Return the place of an accepted write among the events of its part."""
    identity = hashlib.sha256(job_id.bytes + row.to_bytes(8, "big")).digest()
    return order_key(accepted_at, chain_index=0, rank=WRITTEN_RANK, identity=identity)
