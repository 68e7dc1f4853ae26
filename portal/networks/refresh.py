"""Reads a network's settings from the vendor again, and records what changed there."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.errors import AccessDenied, BadKey, VendorError
from integrations.mobility_work.client import NetworkSettings, get_network_settings
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.acts import record_act
from portal.networks.keys import key_in_use, note_accepted, note_refused
from portal.networks.models import Credential, Network
from portal.trail.record import PORTAL

logger = logging.getLogger(__name__)
EVERY = timedelta(days=1)


def due_networks() -> list[UUID]:
    """Return the networks whose settings were last asked for more than a day ago."""
    before = timezone.now() - EVERY
    due = Network.objects.filter(sending_stopped_at=None).filter(
        Q(settings_checked_at=None) | Q(settings_checked_at__lt=before)
    )
    return list(due.values_list("id", flat=True))


def refresh_settings(network_id: UUID) -> bool:
    """Ask the vendor for a network's settings; return whether they were read. No transaction is open meanwhile."""
    with network_scope(network_id):
        network = Network.objects.get(id=network_id)
        key = key_in_use(network)
        if key is None:
            return False
        api_key = sealer().open(key.sealed_key)
    try:
        found = get_network_settings(settings.MOBILITY_WORK_API_URL, api_key=api_key, network_name=network.name)
    except VendorError as error:
        with network_scope(network_id):
            _note_failure(network, key, error)
        return False
    with network_scope(network_id):
        note_accepted(key)
        _store(network, found)
    return True


def _note_failure(network: Network, key: Credential, error: VendorError) -> None:
    now = timezone.now()
    # Also a failed try counts as one of today: a refused key is not asked about every few minutes.
    Network.objects.filter(id=network.id).update(settings_checked_at=now)
    logger.warning("The settings of network %s could not be read: %s", network.slug, type(error).__name__)
    if isinstance(error, (BadKey, AccessDenied)):
        note_refused(network, key, error)
    else:
        # An outage says nothing of the key: one that was refused stays so until it works again.
        Credential.objects.filter(id=key.id).update(last_used_at=now)


def _store(network: Network, found: NetworkSettings) -> None:
    """Take over time zone and currency; the name is ours to choose, so only its change is told."""
    changes: dict[str, object] = {}
    if found.network_id != network.vendor_network_id:
        changes["network_id"] = [str(network.vendor_network_id), str(found.network_id)]
    if found.time_zone and found.time_zone != network.time_zone:
        changes["time_zone"] = [network.time_zone, found.time_zone]
        network.time_zone = found.time_zone
    if found.currency and found.currency != network.currency:
        changes["currency"] = [network.currency, found.currency]
        network.currency = found.currency
    network.settings_checked_at = timezone.now()
    network.save(update_fields=["time_zone", "currency", "settings_checked_at"])
    if changes:
        record_act(network, "network_settings_changed", actor=PORTAL, details=changes)
