"""Folds the evidence of one part, in its total order, into a ledger. Pure: same evidence, same ledger.

Whether the vendor's `previousStock` counts the part or one location is not documented, so two chains are kept beside
each other (design section 4, "Stock chains"): one per location, and one for the part. Which of them counts is a finding
per network (portal.stock.standing), worked out from the votes that entries cast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from portal.stock.evidence import ALERTS, CANCELLED, CONSUMED, MOVES, RECOUNTED, WRITTEN, Entry, Evidence, Gap, Link
from portal.stock.state import Chain, Low, State, Statement, dump

OPEN_GAPS = 10  # of one chain, the latest: late events are fitted into these
CHECKPOINT = 0x1F  # one entry of 32 keeps the state after it; which ones does not depend on the others
NOTHING = Link()


@dataclass(slots=True)
class Ledger:
    """What a fold made: entries in order, gaps that are new or changed, and the state afterwards."""

    state: State
    entries: list[Entry] = field(default_factory=list)
    gaps: dict[tuple[str, bytes], Gap] = field(default_factory=dict)


def fold(evidence: Iterable[Evidence], *, state: State | None = None) -> Ledger:
    """Return the ledger of a part's evidence, which must come in order; `state` is what an earlier part of it left.

    Gaps that were open in `state` are given out anew as they stood there: what later evidence did to them before may
    no longer be so.
    """
    ledger = Ledger(state or State())
    for chain in (ledger.state.part, *ledger.state.places.values()):
        for gap in chain.open_gaps:
            ledger.gaps[gap.location, gap.order_key] = gap
    for item in evidence:
        _step(ledger, item)
    return ledger


def _step(ledger: Ledger, evidence: Evidence) -> None:
    state = ledger.state
    place, part, vote = NOTHING, NOTHING, ""
    if evidence.kind in MOVES:
        at_place = state.places.setdefault(evidence.location, Chain()) if evidence.location else None
        vote = _vote(state, evidence, at_place)
        breaks = _breaks(state.part, evidence)
        agreed = breaks and len(state.places) <= 1 and (at_place is None or _breaks(at_place, evidence))
        part = _link(ledger, state.part, evidence, location="", agreed=agreed)
        if at_place is not None:
            place = _link(ledger, at_place, evidence, location=evidence.location, agreed=agreed)
        state.statement = None
        state.last_left = evidence.resulting
        state.moved_at = evidence.at
        if evidence.kind == CONSUMED:
            state.consumed_at = evidence.at
    elif evidence.resulting is not None:
        state.statement = Statement(evidence.resulting, evidence.at, evidence.kind, evidence.position)
        if evidence.kind == WRITTEN:
            state.written = state.statement
    if evidence.kind in ALERTS and evidence.minimum is not None:
        state.minimum = evidence.minimum
    if evidence.position is not None:
        state.position = evidence.position
    stated = state.statement.level if state.statement else None
    places_total = stated if stated is not None else state.places_total
    part_total = stated if stated is not None else state.part.level
    _mark_low(state.low_by_places, places_total, state.minimum, evidence.at)
    _mark_low(state.low_by_part, part_total, state.minimum, evidence.at)
    here = state.places.get(evidence.location)
    ledger.entries.append(
        Entry(
            evidence,
            place,
            part,
            vote,
            place_after=here.level if here else None,
            places_after=places_total,
            part_after=part_total,
            checkpoint=dump(state) if not evidence.order_key[-1] & CHECKPOINT else None,
        )
    )


def _vote(state: State, evidence: Evidence, at_place: Chain | None) -> str:
    """Say which chain the event's previous stock continues, where the two differ and only one of them fits."""
    if at_place is None or at_place.uncertain_since or evidence.previous is None:
        return ""
    if at_place.level is None or state.last_left is None or at_place.level == state.last_left:
        return ""
    if evidence.previous == at_place.level:
        return "location"
    return "part" if evidence.previous == state.last_left else ""


def _breaks(chain: Chain, evidence: Evidence) -> bool:
    return (
        evidence.previous is not None
        and chain.level is not None
        and not chain.uncertain_since
        and chain.level != evidence.previous
    )


def _link(ledger: Ledger, chain: Chain, evidence: Evidence, *, location: str, agreed: bool) -> Link:
    """Join a movement to a chain, and move the chain on."""
    before, since = chain.level, chain.at
    if evidence.kind == CANCELLED:
        chain.uncertain_since = chain.uncertain_since or evidence.at
        return Link(before, None, since)
    gap, explained = None, ""
    if evidence.previous is not None and before is not None and since is not None:
        gap = evidence.previous - before
        if chain.uncertain_since:
            explained = "cancellation" if gap else ""
        elif gap and _was_written(ledger.state, since, evidence.previous):
            explained = "write"
        elif gap and _fit(ledger, chain, evidence):
            # It happened before what the chain knows already: it fills a gap, and the level stays.
            return Link(before, None, since, "late")
        elif gap:
            _open(ledger, chain, evidence, location=location, agreed=agreed)
    _move_on(chain, evidence)
    return Link(before, Decimal(0) if explained else gap, since, explained)


def _was_written(state: State, since: datetime, level: Decimal) -> bool:
    """Tell whether a write of ours since then explains a level."""
    return state.written is not None and state.written.at >= since and state.written.level == level


def _move_on(chain: Chain, evidence: Evidence) -> None:
    level = evidence.resulting
    if level is None and evidence.delta is not None and chain.level is not None:
        level = chain.level + evidence.delta
    if level is None:
        chain.uncertain_since = chain.uncertain_since or evidence.at
        return
    if evidence.resulting is not None:
        chain.uncertain_since = None
    chain.level, chain.at, chain.position = level, evidence.at, evidence.position
    if evidence.kind == RECOUNTED:
        chain.gap_since = None  # somebody counted: what was missing before no longer makes the level doubtful


def _open(ledger: Ledger, chain: Chain, evidence: Evidence, *, location: str, agreed: bool) -> None:
    if chain.level is None or chain.at is None or evidence.previous is None:
        return
    gap = Gap(
        location, evidence.order_key, evidence.position, chain.level, evidence.previous, chain.at, evidence.at, agreed
    )
    chain.gap_since = chain.gap_since or chain.at
    _keep(ledger, chain, [*chain.open_gaps, gap][-OPEN_GAPS:], gap)


def _fit(ledger: Ledger, chain: Chain, evidence: Evidence) -> bool:
    """Fit a movement that comes late into an open gap: fill it, or a part of it that begins or ends alike."""
    if evidence.previous is None or evidence.resulting is None or evidence.position is None:
        return False
    for gap in reversed(chain.open_gaps):
        others = [other for other in chain.open_gaps if other is not gap]
        if (gap.before, gap.after) == (evidence.previous, evidence.resulting):
            _keep(ledger, chain, others, replace(gap, closed_by=evidence.position))
        else:
            left = None
            if gap.before == evidence.previous:
                left = replace(gap, before=evidence.resulting)
            elif gap.after == evidence.resulting:
                left = replace(gap, after=evidence.previous)
            if left is None or abs(left.after - left.before) >= abs(gap.after - gap.before):
                continue
            _keep(ledger, chain, [left if other is gap else other for other in chain.open_gaps], left)
        if not chain.open_gaps:
            chain.gap_since = None
        return True
    return False


def _keep(ledger: Ledger, chain: Chain, open_gaps: list[Gap], changed: Gap) -> None:
    chain.open_gaps = open_gaps
    ledger.gaps[changed.location, changed.order_key] = changed


def _mark_low(low: Low, level: Decimal | None, minimum: Decimal | None, at: datetime) -> None:
    if level is None:
        return
    low.out_since = (low.out_since or at) if level <= 0 else None
    low.below_since = (low.below_since or at) if minimum is not None and level < minimum else None
