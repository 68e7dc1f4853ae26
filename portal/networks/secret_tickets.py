"""Tickets of the form that adds a signing secret: which one it makes, so that sent twice it makes no second."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core import signing

from portal.accounts.models import User
from portal.lib.ids import new_id
from portal.networks.models import Network

LASTS = timedelta(hours=12)
TICKETS = signing.TimestampSigner(salt="secret-add")


def ticket_of(network: Network, person: User) -> str:
    """Return the id of a secret that is to be made, for one network and person alone."""
    return TICKETS.sign_object([str(new_id()), str(network.id), str(person.id)])


def secret_in(ticket: str, network: Network, person: User) -> UUID | None:
    """Return the id in a ticket; None where it is too old, or not one of ours for this network and person."""
    try:
        made, *of = TICKETS.unsign_object(ticket, max_age=LASTS)
    except signing.BadSignature:
        return None
    return UUID(made) if of == [str(network.id), str(person.id)] else None
