"""A small world to test in: Alice (admin), Bob (manager), Audrey (auditor), and Charlie, who is an outsider."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from uuid import uuid4

from integrations.mobility_work.client import NetworkSettings
from integrations.mobility_work.signature import CANDIDATES, Recipe, sign
from portal.accounts.models import Membership, NetworkRole, Organization, Role, User
from portal.accounts.organizations import create_organization
from portal.networks.connect import connect_network
from portal.networks.models import Network
from portal.trail.record import COMMAND_LINE

PASSWORD = "correct horse battery staple"


@dataclass
class ConnectedNetwork:
    """A network with what only its owner knows."""

    network: Network
    hook_url: str
    secret: str
    api_key: str

    @property
    def token(self) -> str:
        return self.hook_url.rstrip("/").rsplit("/", 1)[1]

    @property
    def path(self) -> str:
        return f"/hooks/{self.token}/"

    def header(self, body: bytes, *, t: int | None = None, recipe: Recipe = CANDIDATES[0], secret: str = "") -> str:
        moment = int(time.time()) if t is None else t
        return sign(recipe, secret or self.secret, t=moment, nonce=secrets.token_hex(8), body=body)


def add_network(organization: Organization, name: str = "Foundry", **options: str) -> ConnectedNetwork:
    api_key = f"key-{secrets.token_hex(16)}"
    found = NetworkSettings(uuid4(), 1187, name, "Europe/Paris", "EUR")
    done = connect_network(organization, found=found, api_key=api_key, actor=COMMAND_LINE, **options)
    return ConnectedNetwork(done.network, done.hook_url, done.secret or "", api_key)


def add_person(organization: Organization, email: str, roles: dict[Network, str] | None = None) -> User:
    person = User.objects.create_user(email, PASSWORD, name=email.split("@", maxsplit=1)[0].title())
    membership = Membership.objects.create(organization=organization, user=person)
    for network, role in (roles or {}).items():
        NetworkRole.objects.create(membership=membership, network=network, role=role)
    return person


@dataclass
class World:
    organization: Organization
    foundry: ConnectedNetwork
    annex: ConnectedNetwork
    alice: User
    bob: User
    audrey: User
    other: Organization
    elsewhere: ConnectedNetwork
    charlie: User


def build_world() -> World:
    """Two organizations; Bob and Audrey have roles on the foundry only, Charlie is admin next door."""
    organization, alice, _ = create_organization("Acme Plants", admin_email="alice@example.com", actor=COMMAND_LINE)
    other, charlie, _ = create_organization("Next Door", admin_email="charlie@example.com", actor=COMMAND_LINE)
    for person in (alice, charlie):
        person.set_password(PASSWORD)
        person.save()
    foundry, annex = add_network(organization, "Foundry"), add_network(organization, "Annex")
    return World(
        organization=organization,
        foundry=foundry,
        annex=annex,
        alice=alice,
        bob=add_person(organization, "bob@example.com", {foundry.network: Role.MANAGER}),
        audrey=add_person(organization, "audrey@example.com", {foundry.network: Role.AUDITOR}),
        other=other,
        elsewhere=add_network(other, "Elsewhere"),
        charlie=charlie,
    )
