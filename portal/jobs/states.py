"""Every state of a job and of a row, and every way from one to the next: nothing else in the code knows them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    """Where one submission of an operation stands."""

    DRAFT = "draft", _("Draft")
    CHECKING = "checking", _("Checking")
    CHECKED = "checked", _("Checked")
    QUEUED = "queued", _("In line")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")
    PARTLY_DONE = "partly_done", _("Partly done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class RowState(models.TextChoices):
    """Where one item of a job stands. Every row has exactly one of these, so that the counts always add up."""

    INVALID = "invalid", _("Has errors")
    LEFT_OUT = "left_out", _("Left out")
    HELD = "held", _("Held back")
    READY = "ready", _("Ready")
    QUEUED = "queued", _("In line")
    SENDING = "sending", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    UNCONFIRMED = "unconfirmed", _("Accepted, not confirmed")
    CONFIRMED = "confirmed", _("Confirmed by an event")
    CONTRADICTED = "contradicted", _("Contradicted by an event")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Uncertain")
    # What a person found out of an uncertain row: their word, which is no proof.
    SAID_TAKEN = "said_taken", _("Took effect, by hand")
    SAID_LOST = "said_lost", _("Took no effect, by hand")
    NOT_SENT = "not_sent", _("Not sent")


J, R = JobState, RowState

JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    J.DRAFT: frozenset({J.CHECKING, J.CANCELLED}),
    # Back to a draft where the file cannot be read to its end as it was said to be read.
    J.CHECKING: frozenset({J.CHECKED, J.DRAFT, J.CANCELLED}),
    J.CHECKED: frozenset({J.CHECKING, J.DRAFT, J.QUEUED, J.CANCELLED}),
    J.QUEUED: frozenset({J.SENDING, J.PAUSED, J.CANCELLED}),
    J.SENDING: frozenset({J.PAUSED, J.DONE, J.PARTLY_DONE, J.FAILED, J.CANCELLED}),
    J.PAUSED: frozenset({J.SENDING, J.PARTLY_DONE, J.FAILED, J.CANCELLED}),
    # What ended stays ended: to go on is a new job, linked to this one.
    J.DONE: frozenset(),
    J.PARTLY_DONE: frozenset(),
    J.FAILED: frozenset(),
    J.CANCELLED: frozenset(),
}
# That a row is being sent is said by its batch, not in the row (portal.jobs.moves).
ROW_TRANSITIONS: dict[RowState, frozenset[RowState]] = {
    R.INVALID: frozenset({R.READY, R.INVALID, R.LEFT_OUT, R.HELD}),
    R.LEFT_OUT: frozenset({R.READY, R.INVALID}),
    R.HELD: frozenset(),
    R.READY: frozenset({R.READY, R.INVALID, R.LEFT_OUT, R.QUEUED}),
    # Uncertain where it waits for a repeat that is not made: an earlier call may have taken effect.
    R.QUEUED: frozenset({R.SENDING, R.NOT_SENT, R.UNCERTAIN}),
    # Back in line only where nothing was sent, or where a repeat is safe.
    R.SENDING: frozenset({R.QUEUED, R.ACCEPTED, R.REJECTED, R.UNCERTAIN, R.NOT_SENT}),
    R.ACCEPTED: frozenset({R.UNCONFIRMED, R.CONFIRMED, R.CONTRADICTED}),
    R.UNCONFIRMED: frozenset({R.CONFIRMED, R.CONTRADICTED}),
    # The latest evidence wins.
    R.CONFIRMED: frozenset({R.CONTRADICTED}),
    R.CONTRADICTED: frozenset({R.CONFIRMED}),
    R.UNCERTAIN: frozenset({R.CONFIRMED, R.CONTRADICTED, R.SAID_TAKEN, R.SAID_LOST}),
    # A person may take their word back; an event outranks it.
    R.SAID_TAKEN: frozenset({R.UNCERTAIN, R.CONFIRMED, R.CONTRADICTED}),
    R.SAID_LOST: frozenset({R.UNCERTAIN, R.CONFIRMED}),
    R.REJECTED: frozenset(),
    R.NOT_SENT: frozenset(),
}


class StateRefused(Exception):
    """A job or row cannot go from the state in which it is to the one that was asked for."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"{before} cannot become {after}")
        self.before, self.after = before, after


def refuse_wrong_turn(before: JobState, after: JobState) -> None:
    """Raise StateRefused where no way leads from one state of a job to the other."""
    if after not in JOB_TRANSITIONS[before]:
        raise StateRefused(before, after)


def refuse_wrong_row_turn(before: RowState, after: RowState) -> None:
    """Raise StateRefused where no way leads from one state of a row to the other."""
    if after not in ROW_TRANSITIONS[before]:
        raise StateRefused(before, after)


def end_of(counts: dict[RowState, int]) -> JobState:
    """Return how a job ends whose rows are all sent or given up, from the count of rows by state.

    `done` = every row that was to be sent was taken; `failed` = none was; else `partly done`, as with uncertain rows.
    """
    taken = (R.ACCEPTED, R.UNCONFIRMED, R.CONFIRMED, R.CONTRADICTED, R.SAID_TAKEN)
    sent_well = sum(counts.get(state, 0) for state in taken)
    others = sum(counts.get(state, 0) for state in (R.REJECTED, R.UNCERTAIN, R.SAID_LOST, R.NOT_SENT))
    if sent_well and not others:
        return J.DONE
    if counts.get(R.UNCERTAIN) or sent_well:
        return J.PARTLY_DONE
    return J.FAILED


# How a state looks: a colour of the look and an icon; the word is the state's own.
JOB_LOOKS: dict[JobState, tuple[str, str]] = {
    J.DRAFT: ("neutral", "pencil"),
    J.CHECKING: ("progress", "loader-2"),
    J.CHECKED: ("neutral", "checklist"),
    J.QUEUED: ("progress", "hourglass"),
    J.SENDING: ("progress", "send"),
    J.PAUSED: ("warn", "player-pause"),
    J.DONE: ("good", "circle-check"),
    J.PARTLY_DONE: ("warn", "alert-triangle"),
    J.FAILED: ("bad", "circle-x"),
    J.CANCELLED: ("neutral", "ban"),
}
ROW_LOOKS: dict[RowState, tuple[str, str]] = {
    R.INVALID: ("bad", "alert-circle"),
    R.LEFT_OUT: ("neutral", "circle-minus"),
    R.HELD: ("neutral", "circle-minus"),
    R.READY: ("neutral", "check"),
    R.QUEUED: ("neutral", "hourglass"),
    R.SENDING: ("progress", "send"),
    R.ACCEPTED: ("good", "check"),
    R.UNCONFIRMED: ("good", "check"),
    R.CONFIRMED: ("good", "circle-check"),
    R.CONTRADICTED: ("bad", "alert-triangle"),
    R.REJECTED: ("bad", "circle-x"),
    R.UNCERTAIN: ("warn", "question-mark"),
    R.SAID_TAKEN: ("neutral", "user"),
    R.SAID_LOST: ("neutral", "user-minus"),
    R.NOT_SENT: ("neutral", "circle-minus"),
}
IN_PREPARATION = frozenset({J.DRAFT, J.CHECKING, J.CHECKED})
UNDER_WAY = frozenset({J.QUEUED, J.SENDING, J.PAUSED})
