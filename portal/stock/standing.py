"""What can be said of a part's stock now: level, as of when, and how sure. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from portal.stock.state import Chain, Low, State

ENOUGH_VOTES = 5
SHARE = 0.9


class Scope(StrEnum):
    """What the vendor's `previousStock` counts on a network: a finding from its own events, never an assumption."""

    LOCATION = "location"
    PART = "part"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure a level is, the surest first."""

    EXACT = "exact"  # every movement joins the one before
    OBSERVED = "observed"  # known from an alert, or from a write of ours that was accepted
    UNCERTAIN = "uncertain"  # something was put back, nobody said how much
    GAP = "gap"  # a change is missing since the last count
    UNKNOWN = "unknown"  # nothing that names a level was ever seen


def scope_of(votes_location: int, votes_part: int) -> Scope:
    """Return the finding: at least five events that could tell, nine of ten of which agree."""
    total = votes_location + votes_part
    if total >= ENOUGH_VOTES and max(votes_location, votes_part) >= SHARE * total:
        return Scope.LOCATION if votes_location > votes_part else Scope.PART
    return Scope.UNKNOWN


@dataclass(frozen=True, slots=True)
class Standing:
    """A level with its as-of time and confidence; `since` says from when on it is doubtful."""

    level: Decimal | None
    as_of: datetime | None
    confidence: Confidence
    since: datetime | None = None


def of_place(chain: Chain) -> Standing:
    """Return what a location's own chain says."""
    return _of([chain], chain.level)


def of_part(state: State, scope: Scope) -> Standing:
    """Return what is known of a part's total."""
    if scope is Scope.LOCATION:
        found = _of(list(state.places.values()), state.places_total)
    else:
        found = _of([state.part], state.part.level)
        if scope is Scope.UNKNOWN and len(state.places) > 1 and found.level is not None:
            # The figure may count one of several locations only.
            found = Standing(found.level, found.as_of, Confidence.OBSERVED)
    stated = state.statement
    if stated is None or (stated.level == found.level and found.confidence is not Confidence.UNCERTAIN):
        return found
    return Standing(stated.level, stated.at, Confidence.OBSERVED)


def low_of(state: State, scope: Scope) -> Low:
    """Return since when a part is out of stock and below its minimum."""
    return state.low_by_places if scope is Scope.LOCATION else state.low_by_part


def _of(chains: list[Chain], level: Decimal | None) -> Standing:
    as_of = max((chain.at for chain in chains if chain.at), default=None)
    if level is None:
        return Standing(None, as_of, Confidence.UNKNOWN)
    if uncertain := [chain.uncertain_since for chain in chains if chain.uncertain_since]:
        return Standing(level, as_of, Confidence.UNCERTAIN, min(uncertain))
    if gaps := [chain.gap_since for chain in chains if chain.gap_since]:
        return Standing(level, as_of, Confidence.GAP, min(gaps))
    return Standing(level, as_of, Confidence.EXACT)
