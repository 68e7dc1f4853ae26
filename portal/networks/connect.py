"""Connecting a network: check the key with the vendor, then make network, sealed key, inbox and secret together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from integrations.mobility_work.client import NetworkSettings, get_network_settings
from portal.accounts.models import Organization
from portal.lib.ids import new_id
from portal.lib.locks import lock
from portal.lib.scope import network_scope
from portal.lib.sealing import fingerprint, last_four, sealer
from portal.networks.acts import record_act
from portal.networks.inbox import add_secret, create_inbox, hook_url
from portal.networks.models import Credential, Network
from portal.trail.record import Actor

RESERVED = {"connect"}  # what stands in the place of a slug in an address of the portal
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class AlreadyConnected(Exception):
    """The network that the key opens is connected already. `same_organization`: the asker may see it."""

    def __init__(self, *, same_organization: bool) -> None:
        super().__init__("The network is connected already.")
        self.same_organization = same_organization


class OtherNetwork(Exception):
    """The key opens another network than the one it was given for."""

    def __init__(self, found: NetworkSettings) -> None:
        super().__init__("The key opens another network.")
        self.found = found


class CompromisedKey(Exception):
    """The key was reported as compromised; it may never be used again."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A network just connected; `secret` is shown once."""

    network: Network
    hook_url: str
    secret: str | None = field(repr=False)


def check_key(api_key: str) -> NetworkSettings:
    """Ask the vendor which network a key opens. No transaction may be open. Raises integrations.errors.VendorError."""
    return get_network_settings(settings.MOBILITY_WORK_API_URL, api_key=api_key.strip())


def likely_kind(name: str) -> str:
    """Return "sandbox" where something says so, else "": the vendor does not tell which of the two a key opens.

    Production is never proposed: a rehearsal taken for the plant, or the plant for a rehearsal, is found out too late.
    """
    words = set(re.split(r"[^a-z]+", name.lower()))
    return str(Network.Kind.SANDBOX) if asks_the_sandbox() or words & {"sandbox", "test"} else ""


def asks_the_sandbox() -> bool:
    """Tell whether keys are checked with the sandbox of development, beside this portal."""
    vendor, sandbox = urlsplit(settings.MOBILITY_WORK_API_URL), urlsplit(settings.PORTAL_SANDBOX_URL)
    return sandbox.port is not None and vendor.port == sandbox.port and {vendor.hostname, sandbox.hostname} <= LOOPBACK


def refuse_connected(organization: Organization, found: NetworkSettings) -> None:
    """Raise AlreadyConnected when the vendor's network is connected to this or another organization."""
    known = Network.objects.filter(vendor_network_id=found.network_id).first()
    if known is not None:
        raise AlreadyConnected(same_organization=known.organization_id == organization.id)


def connect_network(
    organization: Organization,
    *,
    found: NetworkSettings,
    api_key: str,
    actor: Actor | str,
    name: str = "",
    plan: str = Network.Plan.PREMIUM,
    kind: str = Network.Kind.PRODUCTION,
    secret: str | None = None,
    slug: str = "",
) -> Connected:
    """Make the network and all that belongs to it, in one transaction.

    `found` is the vendor's answer to `api_key`. Without `secret` one is generated. Raises AlreadyConnected, and
    portal.networks.inbox.SecretTooShort.
    """
    refuse_connected(organization, found)
    title = name or found.name or str(found.network_id)
    network_id = new_id()
    with network_scope(network_id):
        try:
            with transaction.atomic():
                network = Network.objects.create(
                    id=network_id,
                    organization=organization,
                    slug=slug or free_slug(title),
                    name=title[:200],
                    vendor_network_id=found.network_id,
                    legacy_network_id=found.legacy_network_id,
                    time_zone=found.time_zone or "UTC",
                    currency=found.currency,
                    plan=plan,
                    kind=kind,
                    settings_checked_at=timezone.now(),
                )
        except IntegrityError:
            # Somebody else connected it between the check and now.
            refuse_connected(organization, found)
            raise
        _store_key(network, api_key, actor)
        _, token = create_inbox(network)
        opened = add_secret(network, actor=actor, text=secret, overlap=timedelta(0)) if network.has_webhooks else None
        record_act(
            network,
            "network_connected",
            actor=actor,
            details={"plan": plan, "kind": kind, "vendor_network_id": str(found.network_id)},
        )
    return Connected(network, hook_url(token), opened.text if opened else None)


def free_slug(title: str) -> str:
    """Return a slug that no other network has, and keep it free until the end of the transaction."""
    lock("slugs of networks", wait=True)
    base = slugify(title)[:50] or "network"
    taken = RESERVED | set(Network.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)


def _store_key(network: Network, api_key: str, actor: Actor | str) -> Credential:
    word = api_key.strip()
    return Credential.objects.create(
        network=network,
        sealed_key=sealer().seal(word),
        last_four=last_four(word),
        fingerprint=fingerprint(word),
        created_by_id=None if isinstance(actor, str) else actor.id,
        last_used_at=timezone.now(),
    )


def _one_change_at_a_time(network: Network) -> None:
    """Keep other changes of a network's key waiting until the end of the transaction."""
    lock(f"key {network.id}", wait=True)


def rotate_key(network: Network, *, found: NetworkSettings, api_key: str, actor: Actor | str) -> Credential:
    """Replace the key by one that was just checked. Raises OtherNetwork unless it opens the same network.

    Ends a stop of sending: the compromised key is no longer in use. Raises CompromisedKey when it would be.
    Needs the network's scope.
    """
    if found.network_id != network.vendor_network_id:
        raise OtherNetwork(found)
    _one_change_at_a_time(network)
    compromised = Credential.objects.filter(network_id=network.id, state=Credential.State.COMPROMISED)
    if compromised.filter(fingerprint=fingerprint(api_key.strip())).exists():
        raise CompromisedKey
    now = timezone.now()
    Credential.objects.filter(network_id=network.id, state=Credential.State.ACTIVE).update(
        state=Credential.State.PREVIOUS, retired_at=now
    )
    added = _store_key(network, api_key, actor)
    Network.objects.filter(id=network.id).update(sending_stopped_at=None)
    record_act(network, "key_rotated", actor=actor, details={"fingerprint": added.fingerprint})
    return added


def report_compromised(network: Network, *, actor: Actor | str) -> None:
    """Stop all sending with the network's key at once. Needs the network's scope."""
    _one_change_at_a_time(network)
    now = timezone.now()
    Credential.objects.filter(network_id=network.id, state=Credential.State.ACTIVE).update(
        state=Credential.State.COMPROMISED, retired_at=now
    )
    Network.objects.filter(id=network.id).update(sending_stopped_at=now)
    record_act(network, "key_compromised", actor=actor)
