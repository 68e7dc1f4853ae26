"""What is kept of the use of an API key, whoever used it."""

from __future__ import annotations

from django.utils import timezone

from integrations.errors import VendorError
from portal.networks.acts import record_act
from portal.networks.models import Credential, Network
from portal.trail.record import PORTAL


def key_in_use(network: Network) -> Credential | None:
    """Return the sealed key with which a network is asked now. Needs the network's scope."""
    return Credential.objects.filter(network_id=network.id, state=Credential.State.ACTIVE).first()


def note_refused(network: Network, key: Credential, error: VendorError) -> None:
    """Keep that the vendor does not accept a key; the trail says so once, until the key works again."""
    now = timezone.now()
    words = f"{type(error).__name__}: {error.user_message}"[:500]
    Credential.objects.filter(id=key.id).update(last_used_at=now, last_error_at=now, last_error=words)
    if not key.last_error:
        details = {"status": error.status, "request_id": error.request_id}
        record_act(network, "key_refused", actor=PORTAL, details=details)


def note_accepted(key: Credential) -> None:
    """Keep that a key works."""
    Credential.objects.filter(id=key.id).update(last_used_at=timezone.now(), last_error="")
