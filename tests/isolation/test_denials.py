"""Whoever is refused something stands in the audit trail: of those whose business it is, and of nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as NoBroker

from portal.accounts.models import User
from portal.networks import denials
from tests.world import World

pytestmark = pytest.mark.django_db


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def recorded(person: User) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT organization_id, network_id, subject, details->>'status' FROM trail_entry"
            " WHERE action = 'access_denied' AND actor_id = %s ORDER BY id",
            [person.id],
        )
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_a_role_that_is_too_low_is_recorded_where_it_was_refused(world: World) -> None:
    address = reverse("network_key", args=[world.foundry.network.slug])

    assert client_of(world.bob).post(address, {"api_key": "x"}).status_code == 403

    assert recorded(world.bob) == [(world.organization.id, world.foundry.network.id, f"POST {address}", "403")]
    trail = client_of(world.alice).get(reverse("trail")).content.decode()
    assert f"POST {address}" in trail
    assert "Access denied" in trail


@pytest.mark.django_db(transaction=True)
def test_another_tenants_address_is_recorded_at_home_only(world: World) -> None:
    address = reverse("network", args=[world.foundry.network.slug])

    assert client_of(world.charlie).get(address + "?secret=in-the-query").status_code == 404

    assert recorded(world.charlie) == [(world.other.id, None, f"GET {address}", "404")]
    assert world.charlie.email not in client_of(world.alice).get(reverse("trail")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_it_is_recorded_once_a_minute_also_without_a_broker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    address = reverse("network", args=["nowhere"])
    client = client_of(world.bob)
    for _ in range(3):
        assert client.get(address).status_code == 404
    assert len(recorded(world.bob)) == 1

    def unreachable(*_: object, **__: object) -> bool:
        raise NoBroker

    monkeypatch.setattr(caches["counts"], "add", unreachable)
    assert client.get(address).status_code == 404
    assert len(recorded(world.bob)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_merely_missing_is_no_denial(world: World) -> None:
    client = client_of(world.bob)
    assert client.get("/no/such/page/").status_code == 404
    assert client.get(reverse("event", args=[world.foundry.network.slug, 999])).status_code == 404
    assert recorded(world.bob) == []


def test_no_key_of_an_address_is_shown() -> None:
    assert denials.shown_path(reverse("invitation", args=["unguessable-token"])) == "/invitation/…/"
    delivery = uuid4()
    shown = denials.shown_path(reverse("delivery_again", args=["foundry", delivery]))
    assert shown == f"/networks/foundry/deliveries/{delivery}/again/"
