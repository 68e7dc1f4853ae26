"""No key, secret or inbox token is anywhere in clear: not in a table, a log or a page."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from portal.lib.scope import network_scope
from portal.networks.connect import rotate_key
from portal.networks.inbox import add_secret, rotate_address
from portal.networks.models import Credential, InboxAddress, SigningSecret
from portal.trail.models import Entry
from tests.api.plant import Reader, token_for
from tests.isolation.test_api import ROUTES as API_ROUTES
from tests.isolation.test_api import address as api_address
from tests.isolation.test_api import query as api_query
from tests.isolation.test_walk import ROUTES, address
from tests.webhooks.serving import serving
from tests.webhooks.test_receiver import body_for, drain
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

# The pages that may show a secret or an address, by name.
EXCEPTIONS = {"network", "listen", "secret_reveal", "secret_add"}


def every_value_of_every_table() -> str:
    """Return the database as text, byte columns both as hex and as characters."""
    texts: list[str] = []
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                texts += [
                    bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)
                    for value in row
                ]
    return "\n".join(texts)


def test_nothing_secret_is_in_a_table_a_log_or_a_page(world: World, values: dict[str, Any], caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    place = world.foundry
    with network_scope(place.network.id):
        newer = add_secret(place.network, actor=world.alice, overlap=timedelta(days=1))
        token = rotate_address(place.network, actor=world.alice)
    with serving() as http:
        for path, secret in ((place.path, place.secret), (f"/hooks/{token}/", newer.text)):
            body = body_for(place, path=path != place.path)
            header = place.header(body, secret=secret)
            assert http.post(path, content=body, headers={"X-MW-Signature": header}).status_code == 200
        http.post(place.path, content=b"{}", headers={"X-MW-Signature": "nonsense", "Cookie": place.api_key})
    drain(place)
    words = {place.api_key, place.secret, newer.text, place.token, token}
    assert all(len(word) > 20 for word in words)

    tables = every_value_of_every_table()
    assert [word for word in words if word in tables] == []
    assert [word for word in words if word in caplog.text] == []

    # Every page of the portal, with a job, an export and a notice to show, and every route of the read API.
    api = token_for(world.organization)
    words.add(api.text)
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    opened = set()
    for name in ROUTES:
        answer = client.get(address(name, values))
        opened |= {name} if answer.status_code == 200 else set()
        shown = {word for word in words if word in _content(answer)}
        assert shown <= ({token} if name in EXCEPTIONS else set()), name
    assert opened >= {"home", "timeline", "trail", "event", "network", "network_key", "job_check", "export"}
    assert len(opened) > 50, sorted(set(ROUTES) - opened)
    for path in API_ROUTES:
        answer = Reader(api).get(api_address(path, values["job_id"]), api_query(path))
        assert answer.status_code == 200, path
        assert {word for word in words if word in _content(answer)} == set(), path
    assert [word for word in words if word in every_value_of_every_table()] == []
    assert [word for word in words if word in caplog.text] == []


def _content(answer: Any) -> str:
    """Return all that an answer says, its headers included."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(dict(answer.headers)) + body.decode(errors="replace")


def test_a_secret_is_revealed_only_after_the_password_and_the_trail_keeps_it(world: World) -> None:
    place = world.foundry
    with network_scope(place.network.id):
        secret_id = SigningSecret.objects.get().id
    url = reverse("secret_reveal", args=[place.network.slug, secret_id])
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    asked = client.get(url)
    assert asked.status_code == 302
    assert "/accounts/reauthenticate/" in asked["Location"]
    done = client.post(asked["Location"], {"password": "correct horse battery staple"})
    assert done.status_code == 302
    shown = client.get(url)
    assert place.secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    with network_scope(place.network.id):
        assert Entry.objects.filter(action="secret_revealed", actor="alice@example.com").count() == 1


def test_what_is_sealed_opens_again_and_repr_says_nothing(world: World) -> None:
    place = world.foundry
    with network_scope(place.network.id):
        rows = [Credential.objects.get(), SigningSecret.objects.get(), InboxAddress.objects.get()]
        for row in rows:
            assert not any(word in repr(row) for word in (place.api_key, place.secret, place.token))
        from integrations.mobility_work.client import NetworkSettings  # noqa: PLC0415

        found = NetworkSettings(place.network.vendor_network_id, None, "Foundry", "Europe/Paris", "EUR")
        rotate_key(place.network, found=found, api_key="another-key-0123456789abcdef", actor=world.alice)
        states = dict(Credential.objects.values_list("last_four", "state"))
        assert states == {place.api_key[-4:]: "previous", "cdef": "active"}
