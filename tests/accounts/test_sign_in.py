"""Signing in: by address and password, closed for strangers, kept in the trail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

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


def test_without_a_broker_people_sign_in_and_tries_are_counted(world: World, settings: Any) -> None:
    unreachable = {**settings.CACHES["counts"], "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {**settings.CACHES, "counts": unreachable}
    client = Client()
    assert client.get("/readyz").content.decode() == "not ready: broker\n"
    done = client.post("/accounts/login/", {"login": "alice@example.com", "password": PASSWORD})
    assert (done.status_code, done["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    tries = [
        Client().post("/accounts/login/", {"login": "bob@example.com", "password": f"wrong-{number}"})
        for number in range(12)
    ]
    assert "Too many" in tries[-1].content.decode() or tries[-1].status_code == 429


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


@pytest.mark.parametrize(("proxies", "address"), [(0, "10.0.0.1"), (1, "203.0.113.9")])
def test_the_trail_names_the_client_and_not_the_proxy(world: World, settings: Any, proxies: int, address: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    client = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD})
    assert client.post(reverse("network_key", args=[world.foundry.network.slug])).status_code == 403
    networks, organizations = [world.foundry.network.id], [world.organization.id]
    with tenant_scope(networks=networks, organizations=organizations):
        kept = Entry.objects.filter(action__in=["signed_in", "access_denied"]).values_list("address", flat=True)
        assert list(kept) == [address, address]


def test_behind_a_proxy_one_who_guesses_shuts_out_nobody_else(world: World, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    guesser = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    for number in range(12):
        guesser.post("/accounts/login/", {"login": f"nobody-{number}@example.com", "password": "wrong"})
    client = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD}).status_code == 302


def test_a_new_password_and_signing_out_are_in_the_trail(world: World) -> None:
    client, newer = Client(), "another long sentence of words"
    client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD})
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": newer, "password2": newer})
    client.post("/accounts/logout/")
    client.post("/accounts/password/reset/", {"email": "bob@example.com"})
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[-1].body)
    assert link
    form = client.get(link.group(), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(email="bob@example.com").check_password(PASSWORD)
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        kept = list(Entry.objects.filter(actor="bob@example.com").order_by("id").values_list("action", flat=True))
    assert kept == ["signed_in", "password_changed", "signed_out", "password_changed"]


def test_who_has_no_account_gets_no_mail_and_the_page_tells_nobody(world: World) -> None:
    client = Client()
    answers = [
        client.post("/accounts/password/reset/", {"email": address}, follow=True)
        for address in ("bob@example.com", "stranger@example.com")
    ]
    pages = [re.sub(r'"\w{64}"', "", answer.content.decode()) for answer in answers]  # without tokens of forms
    assert pages[0] == pages[1]
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]
