"""Signing in: by address and password, closed for strangers, kept in the trail."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.lib.scope import tenant_scope
from portal.trail.models import Entry
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db


def actions(world: World) -> list[str]:
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        return list(Entry.objects.filter(action__startswith="sign").order_by("id").values_list("action", flat=True))


def test_a_person_signs_in_by_address_without_regard_to_case(world: World) -> None:
    client = Client()
    refused = client.post("/accounts/login/", {"login": "bob@example.com", "password": "wrong"})
    assert refused.status_code == 200
    assert client.get("/").status_code == 302
    done = client.post("/accounts/login/", {"login": "BOB@Example.com", "password": PASSWORD})
    assert (done.status_code, done["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert actions(world) == ["sign_in_failed", "signed_in"]


def test_sign_up_is_closed(world: World) -> None:
    client = Client()
    wish = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    for method in ("get", "post"):
        answer = getattr(client, method)("/accounts/signup/", wish)
        assert "invitation" in answer.content.decode()
    assert not User.objects.filter(email="new@example.com").exists()
    assert client.get("/").status_code == 302


def test_too_many_tries_are_slowed_down(world: World) -> None:
    client = Client()
    answers = [
        client.post("/accounts/login/", {"login": "bob@example.com", "password": f"wrong-{number}"})
        for number in range(12)
    ]
    assert "Too many" in answers[-1].content.decode() or answers[-1].status_code == 429


def test_a_person_who_was_shut_out_cannot_sign_in(world: World) -> None:
    world.bob.is_active = False
    world.bob.save()
    client = Client()
    client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD})
    assert client.get("/").status_code == 302


def test_nobody_takes_another_address(world: World) -> None:
    """Invitations go to an address, and the trail names people by it: it is not theirs to change."""
    client = Client()
    client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD})
    assert client.get("/accounts/email/").status_code == 404
    for act in ("action_add", "action_primary"):
        assert client.post("/accounts/email/", {act: "", "email": "alice@acme.example"}).status_code == 404
    world.bob.refresh_from_db()
    assert world.bob.email == "bob@example.com"
