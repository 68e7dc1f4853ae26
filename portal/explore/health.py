"""The health of networks: one word each for the dot beside a name on every page, and what the bell lists."""

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


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a network that needs attention; `page` is the name of the address that shows it."""

    state: str
    word: str | Promise
    page: str = "network"
    count: int = 0


_kept: dict[UUID, tuple[float, tuple[Finding, ...]]] = {}
UNKNOWN = (0.0, (Finding("neutral", _("Not known")),))


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the network switcher; `health` is a state of the look (good, warn, bad or neutral)."""

    network: Network
    health: str
    health_word: str | Promise


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the bell."""

    network: Network
    finding: Finding


def findings(glance: Glance) -> list[Finding]:
    """Return what needs attention, the worst first."""
    found: list[Finding] = []
    key = glance.credential
    if glance.network.sending_stopped_at is not None:
        found.append(Finding("bad", _("The key was reported as compromised")))
    elif key is None or key.state != Credential.State.ACTIVE:
        found.append(Finding("bad", _("No API key in use")))
    elif key.last_error:
        found.append(Finding("bad", _("The API key is refused")))
    if glance.quarantined:
        found.append(Finding("warn", _("Deliveries are in the quarantine"), "quarantine", glance.quarantined))
    if glance.troubled:
        found.append(Finding("warn", _("Deliveries are held back or could not be read"), "quarantine", glance.troubled))
    if glance.silent:
        found.append(Finding("warn", _("Silent for too long")))
    elif glance.is_waiting:
        found.append(Finding("neutral", _("Nothing received yet")))
    return found


def judge(glance: Glance) -> tuple[str, str | Promise]:
    """Return the state and its word; the worst finding speaks."""
    return _judge(tuple(findings(glance)))


def _judge(found: tuple[Finding, ...]) -> tuple[str, str | Promise]:
    return (found[0].state, found[0].word) if found else ("good", _("Good"))


def choices(access: Access) -> list[Choice]:
    """Return the networks that the person may open, each with its health."""
    return [Choice(network, *_judge(found)) for network, found in _looked_at(access)]


def bell(access: Access) -> list[Notice]:
    """Return what needs attention on the networks that the person may open, the worst first."""
    notices = [
        Notice(network, finding)
        for network, found in _looked_at(access)
        for finding in found
        if finding.state != "neutral"
    ]
    return sorted(notices, key=lambda notice: notice.finding.state)  # "bad" before "warn"


def _looked_at(access: Access) -> list[tuple[Network, tuple[Finding, ...]]]:
    """Return each network's findings.

    A page that says no is made inside a transaction that is already given up; it shows what is remembered.
    """
    now = time.monotonic()
    stale = [network for network in access.networks if _kept.get(network.id, UNKNOWN)[0] < now]
    if stale and not transaction.get_connection().needs_rollback:
        with access.scope():
            for glance in glances(stale):
                _kept[glance.network.id] = (now + SECONDS_KEPT, tuple(findings(glance)))
    return [(network, _kept.get(network.id, UNKNOWN)[1]) for network in access.networks]
