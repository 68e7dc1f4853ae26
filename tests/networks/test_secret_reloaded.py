"""A page that shows a new signing secret is reloaded: no other secret is made, and no end of one begins."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.lib.scope import network_scope
from portal.networks.models import SigningSecret
from portal.trail.models import Entry
from tests.world import World

pytestmark = pytest.mark.django_db
ADD = "/networks/foundry/secrets/add/"


@pytest.fixture
def alice(world: World) -> Client:
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def filled_in(client: Client) -> dict[str, str]:
    ticket = re.search(r'name="makes" value="([^"]+)"', client.get(ADD).content.decode())
    assert ticket
    return {"makes": ticket[1], "secret": "", "overlap": "24"}


def secret_on(page: str) -> str:
    return re.findall(r"data-secret><code>([A-Za-z0-9_-]{43})</code>", page)[0]


def test_a_reload_shows_the_same_secret_and_makes_no_other(alice: Client, world: World) -> None:
    assert reverse("secret_add", args=["foundry"]) == ADD
    form = filled_in(alice)
    with network_scope(world.foundry.network.id):
        before = SigningSecret.objects.count()
    first: Any = alice.post(ADD, form)
    page = first.content.decode()
    assert "no-store" in first["Cache-Control"] and "is accepted too until" in page
    again = alice.post(ADD, form).content.decode()
    assert secret_on(again) == secret_on(page)
    assert secret_on(page) not in str(dict(alice.session))
    with network_scope(world.foundry.network.id):
        assert SigningSecret.objects.count() == before + 1
        assert Entry.objects.filter(actor="alice@example.com", action="secret_added").count() == 1
        assert Entry.objects.filter(actor="alice@example.com", action="secret_revealed").count() == 1
        SigningSecret.objects.update(created_at=timezone.now() - timedelta(hours=1))
    late: Any = alice.post(ADD, form, follow=True)  # by then, the secret is shown to those only who sign in again
    assert "This secret was added already. Nothing was changed." in late.content.decode()
    assert secret_on(page) not in late.content.decode()
    assert secret_on(alice.post(ADD, filled_in(alice)).content.decode()) != secret_on(page)


def test_a_ticket_of_another_or_an_old_one_makes_nothing(
    alice: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = filled_in(alice)
    refused: Any = alice.post(ADD, form | {"makes": form["makes"] + "x"})
    assert refused.status_code == 302 and refused["Location"] == ADD
    other = alice.get(ADD.replace("foundry", "annex")).content.decode()
    ticket = re.search(r'name="makes" value="([^"]+)"', other)
    assert ticket and alice.post(ADD, form | {"makes": ticket[1]}).status_code == 302
    monkeypatch.setattr("portal.networks.secret_tickets.LASTS", timedelta(seconds=-1))
    assert alice.post(ADD, form).status_code == 302
    with network_scope(world.foundry.network.id):
        assert not Entry.objects.filter(actor="alice@example.com", action="secret_added").exists()
