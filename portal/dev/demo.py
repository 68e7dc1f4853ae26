"""The demo: a plant group of three networks with 90 days of history and a live trickle, all through the real code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from django.conf import settings

from integrations.sandbox.courier import webhook_headers
from integrations.sandbox.story import DEMO_PLANTS, DemoPlant, story
from portal.accounts.models import Membership, NetworkRole, Organization, Role, User
from portal.accounts.organizations import create_organization
from portal.lib.scope import network_scope
from portal.networks.connect import Connected, check_key, connect_network
from portal.networks.models import Network
from portal.trail.record import COMMAND_LINE
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting

ORGANIZATION = "Val d'Arve Group"
ADMIN = ("camille@demo.example", "Camille Roussel")
HISTORY = timedelta(days=90)
TRICKLE_PER_MINUTE = 6


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as; `roles` by network slug."""

    email: str
    name: str
    language: str
    title: str
    roles: dict[str, str]


def people() -> list[DemoPerson]:
    """Return the people of the demo besides the admin."""
    slugs = [plant.slug for plant in DEMO_PLANTS]
    return [
        DemoPerson("mehdi@demo.example", "Mehdi Benali", "en", "manager of Cluses", {slugs[0]: Role.MANAGER}),
        DemoPerson(
            "nora@demo.example", "Nora Whitfield", "en", "auditor of all three", dict.fromkeys(slugs, str(Role.AUDITOR))
        ),
    ]


def load(*, now: datetime | None = None) -> dict[str, Any]:
    """Load the demo and return what run.json says of it: organization, logins, networks."""
    end = now or datetime.now(UTC)
    password = "demo-" + secrets.token_hex(4)
    organization, admin, _ = create_organization(ORGANIZATION, admin_email=ADMIN[0], actor=COMMAND_LINE)
    admin.name, admin.time_zone = ADMIN[1], "Europe/Paris"
    admin.set_password(password)
    admin.save()
    connected = {plant.slug: _connect(organization, plant, end) for plant in DEMO_PLANTS}
    logins = [{"email": admin.email, "password": password, "role": "admin of the organization"}]
    for person in people():
        _add_person(organization, person, password)
        logins.append({"email": person.email, "password": password, "role": person.title})
    return {
        "organization": organization.slug,
        "logins": logins,
        "networks": [
            {"name": done.network.name, "slug": slug, "hook_url": done.hook_url, "webhook_secret": done.secret}
            for slug, done in connected.items()
        ],
    }


def _connect(organization: Organization, plant: DemoPlant, end: datetime) -> Connected:
    """Register a plant with the sandbox, connect its network, load its history, and let it live on."""
    api_key = f"demo-{plant.slug}-{secrets.token_hex(12)}"
    start = end - HISTORY
    span = {"story_start": start.isoformat(), "story_end": end.isoformat()}
    _put(plant, {"plant": plant.slug, "api_key": api_key, **span})
    done = connect_network(
        organization,
        found=check_key(api_key),
        api_key=api_key,
        actor=COMMAND_LINE,
        plan=plant.plan,
        kind=Network.Kind.SANDBOX if plant is DEMO_PLANTS[-1] else Network.Kind.PRODUCTION,
        slug=plant.slug,
    )
    network_id = done.network.id
    requests = [
        PastRequest(
            received_at=told.received_at,
            body=told.body,
            headers=webhook_headers(
                told.body, secret=done.secret if told.signed else None, at=told.received_at.timestamp()
            ),
        )
        for told in story(plant, start, end)
    ]
    with network_scope(network_id):
        store_past(network_id, requests)
    while process_waiting(network_id, limit=settings.DRAIN_BATCH_SIZE):
        pass
    _put(
        plant,
        {
            "plant": plant.slug,
            "api_key": api_key,
            **span,
            "subscriptions": {"url": done.hook_url, "secret": done.secret},
            "trickle": {"on": True, "per_minute": TRICKLE_PER_MINUTE},
        },
    )
    return done


def _put(plant: DemoPlant, wish: dict[str, Any]) -> None:
    answer = httpx.put(
        f"{settings.PORTAL_SANDBOX_URL}/control/api/networks/{plant.network_id}", json=wish, timeout=30, trust_env=False
    )
    answer.raise_for_status()


def _add_person(organization: Organization, person: DemoPerson, password: str) -> None:
    user = User.objects.create_user(
        person.email, password, name=person.name, language=person.language, time_zone="Europe/Paris"
    )
    membership = Membership.objects.create(organization=organization, user=user)
    for network in Network.objects.filter(slug__in=person.roles):
        NetworkRole.objects.create(membership=membership, network=network, role=person.roles[network.slug])
