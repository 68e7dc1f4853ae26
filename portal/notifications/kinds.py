"""★ The table of what people can be told: its words, its look, and how it reaches people who chose nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """How one person hears of one kind. Whatever is mailed is in the bell as well."""

    OFF = "off", _("Off")
    APP = "app", _("In the app")
    NOW = "now", _("Mail now")
    DAILY = "daily", _("Daily mail")
    WEEKLY = "weekly", _("Weekly mail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of notice; its values fill the places of `sentence`."""

    name: str
    label: str | Promise
    explained: str | Promise
    sentence: str | Promise
    state: str
    icon: str
    mode: Mode = Mode.APP


JOB = "job"
TABLE = (
    Kind(
        name="out_of_stock", label=_("Out of stock"), explained=_("A part's known level falls to 0."),
        sentence=_("{label} is out of stock"), state="bad", icon="package-off",
    ),
    Kind(
        name="below_minimum", label=_("Below minimum"), explained=_("A part's known level falls below its minimum."),
        sentence=_("{label} is below its minimum"), state="warn", icon="alert-triangle",
    ),
    Kind(
        name="overdue", label=_("Overdue task"),
        explained=_("A task that a job of this portal planned is not completed at its planned end."),
        sentence=_("Task {label} is overdue"), state="bad", icon="clock-exclamation",
    ),
    Kind(
        name=JOB, label=_("My job finished or needs me"),
        explained=_("A job that you sent has stopped, failed, or ended after more than a minute."),
        sentence=_("{operation}: {state}"), state="progress", icon="list-details", mode=Mode.NOW,
    ),
    Kind(
        name="silence", label=_("Silence"),
        explained=_("Nothing arrives from a network, or of an event type, for the hours that are set there."),
        sentence=_("Silent: {label}"), state="warn", icon="clock-exclamation", mode=Mode.NOW,
    ),
    Kind(
        name="rejected", label=_("Rejected deliveries"),
        explained=_("Deliveries are refused, held back, or cannot be processed."),
        sentence=_("Deliveries that did not take effect: {count}"), state="warn", icon="shield-x", mode=Mode.NOW,
    ),
    Kind(
        name="key_refused", label=_("API key refused"), explained=_("Mobility Work does not accept the API key."),
        sentence=_("Mobility Work refuses the API key …{label}"), state="bad", icon="key", mode=Mode.NOW,
    ),
    Kind(
        name="differs", label=_("Contract differs"),
        explained=_("Events differ from what is known of Mobility Work's contract, in a way not seen before."),
        sentence=_("{label} differs from the documentation: {words} {path}"), state="warn", icon="alert-triangle",
    ),
)  # fmt: skip
KINDS = {kind.name: kind for kind in TABLE}
