"""Sealing everything of a network with the newest key."""

from __future__ import annotations

from portal.lib.sealing import sealer
from portal.networks.acts import record_act
from portal.networks.models import Credential, InboxAddress, Network, SigningSecret
from portal.trail.record import Actor

SEALED = ((Credential, "sealed_key"), (SigningSecret, "sealed_secret"), (InboxAddress, "sealed_token"))


def reseal_network(network: Network, *, actor: Actor | str) -> int:
    """Reseal what an older key sealed; return how many values. Raises portal.lib.sealing.SealingError."""
    count = 0
    for model, column in SEALED:
        for row in model._default_manager.filter(network_id=network.id).select_for_update():
            value = bytes(getattr(row, column))
            if not sealer().is_current(value):
                setattr(row, column, sealer().reseal(value))
                row.save(update_fields=[column])
                count += 1
    if count:
        record_act(network, "secrets_resealed", actor=actor, details={"values": count})
    return count
