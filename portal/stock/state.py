"""What the fold remembers of a part, and how that is kept as text, exactly: a fold may stop anywhere and go on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from portal.stock.evidence import Gap


@dataclass(slots=True)
class Chain:
    """The levels of one part, or of one part at one location, as far as they have come."""

    level: Decimal | None = None
    at: datetime | None = None
    position: int | None = None
    uncertain_since: datetime | None = None  # a change whose quantity nobody said; the next event resolves it
    gap_since: datetime | None = None  # the first break since the last count
    open_gaps: list[Gap] = field(default_factory=list)


@dataclass(slots=True)
class Statement:
    """A level of the whole part that was observed in an alert or written by us, since its last movement."""

    level: Decimal
    at: datetime
    kind: str
    position: int | None = None


@dataclass(slots=True)
class Low:
    """Since when the part is out of stock, and below its minimum."""

    out_since: datetime | None = None
    below_since: datetime | None = None


@dataclass(slots=True)
class State:
    """All that the fold remembers of a part."""

    part: Chain = field(default_factory=Chain)
    places: dict[str, Chain] = field(default_factory=dict)
    statement: Statement | None = None
    written: Statement | None = None  # the last write of ours, also after a later alert
    minimum: Decimal | None = None
    low_by_places: Low = field(default_factory=Low)
    low_by_part: Low = field(default_factory=Low)
    consumed_at: datetime | None = None
    moved_at: datetime | None = None
    position: int | None = None  # of the last event about its stock
    last_left: Decimal | None = None  # the level that its last movement left, at whatever location; None if not said

    @property
    def places_total(self) -> Decimal | None:
        """The sum of the locations whose level is known, None where none is."""
        known = [chain.level for chain in self.places.values() if chain.level is not None]
        return sum(known, Decimal(0)) if known else None


FORMAT = 1  # of the text below; a state in another one is not read, its part is folded from the beginning


class OldFormat(ValueError):
    """A stored state was written by another release."""


# Written out by hand: one is made for every part that an event touches, and `asdict` copies deeply.


def dump(state: State) -> str:
    """Return a state as JSON."""
    return json.dumps(
        {
            "format": FORMAT,
            "part": _chain_out(state.part),
            "places": {key: _chain_out(chain) for key, chain in state.places.items()},
            "statement": _statement_out(state.statement),
            "written": _statement_out(state.written),
            "minimum": _text(state.minimum),
            "low": [_when(moment) for low in (state.low_by_places, state.low_by_part)
                    for moment in (low.out_since, low.below_since)],
            "consumed_at": _when(state.consumed_at),
            "moved_at": _when(state.moved_at),
            "position": state.position,
            "last_left": _text(state.last_left),
        },
        separators=(",", ":"),
    )  # fmt: skip


def load(text: str | dict[str, Any]) -> State:
    """Read what `dump` made. Raises OldFormat for what another release made."""
    data = json.loads(text) if isinstance(text, str) else text
    if data.get("format") != FORMAT:
        raise OldFormat
    out_by_places, below_by_places, out_by_part, below_by_part = map(_time, data["low"])
    return State(
        part=_chain_in(data["part"]),
        places={key: _chain_in(chain) for key, chain in data["places"].items()},
        statement=_statement_in(data["statement"]),
        written=_statement_in(data["written"]),
        minimum=_number(data["minimum"]),
        low_by_places=Low(out_by_places, below_by_places),
        low_by_part=Low(out_by_part, below_by_part),
        consumed_at=_time(data["consumed_at"]),
        moved_at=_time(data["moved_at"]),
        position=data["position"],
        last_left=_number(data["last_left"]),
    )


def _chain_out(chain: Chain) -> dict[str, Any]:
    return {
        "level": _text(chain.level),
        "at": _when(chain.at),
        "position": chain.position,
        "uncertain_since": _when(chain.uncertain_since),
        "gap_since": _when(chain.gap_since),
        "open_gaps": [_gap_out(gap) for gap in chain.open_gaps],
    }


def _chain_in(data: dict[str, Any]) -> Chain:
    return Chain(
        _number(data["level"]),
        _time(data["at"]),
        data["position"],
        _time(data["uncertain_since"]),
        _time(data["gap_since"]),
        [_gap_in(gap) for gap in data["open_gaps"]],
    )


def _gap_out(gap: Gap) -> dict[str, Any]:
    return {
        "location": gap.location,
        "order_key": gap.order_key.hex(),
        "position": gap.position,
        "before": str(gap.before),
        "after": str(gap.after),
        "since": gap.since.isoformat(),
        "until": gap.until.isoformat(),
        "agreed": gap.agreed,
    }


def _gap_in(data: dict[str, Any]) -> Gap:
    times = {name: datetime.fromisoformat(data[name]) for name in ("since", "until")}
    levels = {name: Decimal(data[name]) for name in ("before", "after")}
    return Gap(**{**data, **times, **levels, "order_key": bytes.fromhex(data["order_key"])})


def _statement_out(statement: Statement | None) -> dict[str, Any] | None:
    if statement is None:
        return None
    return {
        "level": str(statement.level),
        "at": statement.at.isoformat(),
        "kind": statement.kind,
        "position": statement.position,
    }


def _statement_in(data: dict[str, Any] | None) -> Statement | None:
    if data is None:
        return None
    return Statement(Decimal(data["level"]), datetime.fromisoformat(data["at"]), data["kind"], data["position"])


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
