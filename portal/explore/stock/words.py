"""What pages of stock call things: how sure a level is, kinds of entries, and what a network's figures count."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.stock.models import Entry, Part
from portal.stock.standing import ENOUGH_VOTES, Scope


@dataclass(frozen=True, slots=True)
class Look:
    """How something is shown: colour, icon, word, and what the word means."""

    state: str
    icon: str
    word: str | Promise
    meaning: str | Promise = ""


C, K = Part.Confidence, Entry.Kind
CONFIDENCE: dict[str, Look] = {
    C.EXACT: Look(
        "good", "link", C.EXACT.label, _("Every movement begins where the one before it ended: nothing is missing.")
    ),
    C.OBSERVED: Look(
        "neutral",
        "eye",
        C.OBSERVED.label,
        _(
            "Known from an alert, or from a value of ours that Mobility Work accepted; no movement since has "
            "shown that it holds."
        ),
    ),
    C.UNCERTAIN: Look(
        "warn",
        "question-mark",
        C.UNCERTAIN.label,
        _("A consumption was cancelled, and nobody said how much came back. The next movement will tell."),
    ),
    C.GAP: Look(
        "warn",
        "unlink",
        C.GAP.label,
        _(
            "Stock changed without an event that we have. The level is what the last event says; counting it ends "
            "the doubt."
        ),
    ),
    C.UNKNOWN: Look("neutral", "circle-dashed", C.UNKNOWN.label, _("No event has named a level of this part so far.")),
}
KINDS: dict[str, Look] = {
    K.CONSUMED: Look("neutral", "package-export", K.CONSUMED.label),
    K.RESTOCKED: Look("good", "package-import", K.RESTOCKED.label),
    K.RECOUNTED: Look("neutral", "clipboard-check", K.RECOUNTED.label),
    K.CONSUMPTION_CANCELLED: Look("neutral", "arrow-back-up", K.CONSUMPTION_CANCELLED.label),
    K.OUT_OF_STOCK: Look("bad", "package-off", K.OUT_OF_STOCK.label),
    K.UNDER_MINIMUM: Look("warn", "alert-triangle", K.UNDER_MINIMUM.label),
    K.WRITTEN: Look("progress", "send", K.WRITTEN.label),
}
OUT, BELOW = Look("bad", "package-off", _("Out of stock")), Look("warn", "alert-triangle", _("Below minimum"))
SCOPES: dict[str, Look] = {
    Scope.LOCATION: Look(
        "good",
        "map-pin",
        _("Levels count each location"),
        _(
            "The level that an event says it found continues the level of the same location. So each location has a "
            "level of its own, and the total is their sum."
        ),
    ),
    Scope.PART: Look(
        "good",
        "package",
        _("Levels count the whole part"),
        _(
            "The level that an event says it found continues the level that the last movement left, at whatever "
            "location. So there is one level per part, and none of a single location."
        ),
    ),
    Scope.UNKNOWN: Look(
        "neutral",
        "question-mark",
        _("Not known yet what levels count"),
        _(
            "Mobility Work does not say whether a level counts the part or one location of it. Too few events could "
            "tell so far, so no level of a single location is shown, and a level of a part that lies in several "
            "places is not called exact."
        ),
    ),
}
ENOUGH = ENOUGH_VOTES


def low_look(*, is_out: bool, is_below: bool) -> Look | None:
    """Return the badge of a part that needs to be ordered, the worse of two."""
    return OUT if is_out else BELOW if is_below else None
