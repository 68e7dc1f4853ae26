"""The health of networks in one word each, for the dot beside a network's name on every page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.networks.access import Access
from portal.networks.models import Credential, Network
from portal.webhooks.glance import Glance, glances

# Every page shows the dots, so they may be this old. Kept per process: a store that fails must not fail the page.
SECONDS_KEPT = 20
_kept: dict[UUID, tuple[float, str, str | Promise]] = {}
UNKNOWN: tuple[float, str, str | Promise] = (0.0, "neutral", _("Not known"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the network switcher; `health` is a state of the look (good, warn, bad or neutral)."""

    network: Network
    health: str
    health_word: str | Promise


def judge(glance: Glance) -> tuple[str, str | Promise]:
    """Return the state and its word; the worst finding speaks."""
    key = glance.credential
    if glance.network.sending_stopped_at is not None:
        return "bad", _("The key was reported as compromised")
    if key is None or key.state != Credential.State.ACTIVE:
        return "bad", _("No API key in use")
    if key.last_error:
        return "bad", _("The API key is refused")
    if glance.troubled or glance.quarantined:
        return "warn", _("Deliveries are held back")
    if glance.silent:
        return "warn", _("Silent for more than a day")
    return "good", _("Good")


def choices(access: Access) -> list[Choice]:
    """Return the networks that the person may open, each with its health.

    A page that says no is made inside a transaction that is already given up; it shows what is remembered.
    """
    now = time.monotonic()
    stale = [network for network in access.networks if _kept.get(network.id, UNKNOWN)[0] < now]
    if stale and not transaction.get_connection().needs_rollback:
        with access.scope():
            for glance in glances(stale):
                _kept[glance.network.id] = (now + SECONDS_KEPT, *judge(glance))
    return [Choice(network, *_kept.get(network.id, UNKNOWN)[1:]) for network in access.networks]
