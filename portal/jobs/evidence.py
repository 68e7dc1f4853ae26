"""What events prove of a stock that was sent: a pure function of the events, whatever the order in which they came.

The rule (design section 4, "Confirmation"): an event that names the value sent, as the level that it left or as the one
that it found, confirms it. Only an event from after the grace time that names neither contradicts it, for what was
accepted may be applied minutes later. What was confirmed once stays so: later movements are the plant's life.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """What events say of a row."""

    CONFIRMED = "confirmed", _("Confirmed")
    CONTRADICTED = "contradicted", _("Contradicted")


@dataclass(frozen=True, slots=True)
class Observation:
    """What one event says of the stock of one thing."""

    position: int  # of the event
    order_key: bytes
    occurred_at: datetime
    levels: frozenset[Decimal]  # the level that it left, the one that it found; as far as it says them


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the event that it rests on."""

    verdict: Verdict
    observation: Observation


def judge(
    observations: Iterable[Observation], *, sent: Decimal, sent_at: datetime, grace_until: datetime
) -> Judgement | None:
    """Return what the events about one thing say of the value sent, None where they say nothing."""
    # The vendor's times are whole seconds.
    since = sent_at.replace(microsecond=0)
    telling = sorted(
        (each for each in observations if each.levels and each.occurred_at >= since), key=lambda each: each.order_key
    )
    for each in telling:
        if sent in each.levels:
            return Judgement(Verdict.CONFIRMED, each)
    against = next((each for each in telling if each.occurred_at > grace_until), None)
    return Judgement(Verdict.CONTRADICTED, against) if against else None


def together(judgements: Iterable[Judgement | None]) -> Verdict | None:
    """Return the verdict on a row whose reference several things share: one against it outweighs those for it."""
    verdicts = {each.verdict for each in judgements if each}
    if Verdict.CONTRADICTED in verdicts:
        return Verdict.CONTRADICTED
    return Verdict.CONFIRMED if verdicts else None
