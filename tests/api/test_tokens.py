"""Tokens: made by admins, shown once, kept as a hash, and worth nothing once they have ended."""

from __future__ import annotations

import hashlib
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import ConnectionError as NoCache

from portal.accounts.models import User
from portal.api.models import Token
from portal.api.tokens import ForeignNetwork
from portal.lib.scope import tenant_scope
from portal.trail.models import Entry
from tests.api.plant import Reader, token_for
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db
SLUG = "acme-plants"


def signed_in(person: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def tokens(world: World) -> list[Token]:
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        return list(Token.objects.order_by("id"))


def acts(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        found = Entry.objects.filter(action__startswith="api_token").order_by("id")
        return list(found.values_list("action", "actor", "details"))


def make(client: Client, **wish: Any) -> Any:
    wish = {"name": "Warehouse", "scopes": ["read"], "reach": "all", "days": "90"} | wish
    return client.post(reverse("api_token_new", args=[SLUG]), wish)


def test_a_token_is_shown_once_and_kept_as_a_hash(world: World) -> None:
    client = signed_in(world.alice)
    answer = make(client, reach="some", networks=["foundry"])
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"<code>(portal_[\w-]{43})</code>", answer.content.decode())
    assert found
    text = found.group(1)
    with tenant_scope(networks=[], organizations=[world.organization.id]), connection.cursor() as cursor:
        cursor.execute("SELECT t::text, t.token_hash FROM api_token t")
        kept, digest = cursor.fetchone()
    assert text not in kept
    assert bytes(digest) == hashlib.sha256(text.encode()).digest()
    assert [item["network"] for item in Reader(text).items("networks")] == ["foundry"]
    page = client.get(reverse("api_tokens", args=[SLUG])).content.decode()
    assert "Warehouse" in page and text[-4:] in page and text not in page
    assert acts(world)[0][:2] == ("api_token_created", "alice@example.com")
    assert acts(world)[0][2]["networks"] == ["foundry"]
    assert text not in str(acts(world))


def test_a_new_token_asks_for_the_password_again(world: World) -> None:
    client = Client()
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = make(client)
    assert "/accounts/reauthenticate/" in answer["Location"]
    assert tokens(world) == []


def test_a_form_that_names_no_network_makes_no_token(world: World) -> None:
    client = signed_in(world.alice)
    assert make(client, reach="some").status_code == 422
    assert make(client, reach="some", networks=["elsewhere"]).status_code == 422
    assert make(client, scopes=["write"]).status_code == 422
    assert tokens(world) == []
    with pytest.raises(ForeignNetwork):
        token_for(world.organization, [world.elsewhere.network])


def test_a_token_of_all_networks_reads_those_that_are_connected_later(world: World) -> None:
    reader = Reader(token_for(world.organization))
    assert [item["network"] for item in reader.items("networks")] == ["annex", "foundry"]


def test_a_revoked_token_opens_nothing_at_once(world: World) -> None:
    reader = Reader(token_for(world.organization))
    assert reader.get("networks").status_code == 200
    client = signed_in(world.alice)
    address = reverse("api_token_revoke", args=[SLUG, tokens(world)[0].id])
    assert client.post(address).status_code == 302
    answer = reader.get("networks")
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert "revoked" in answer.json()["message"]
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert client.post(address).status_code == 302
    assert [action for action, *_ in acts(world)] == ["api_token_created", "api_token_revoked"]
    assert "Revoked" in client.get(reverse("api_tokens", args=[SLUG])).content.decode()


def test_an_expired_token_opens_nothing(world: World) -> None:
    reader = Reader(token_for(world.organization))
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = reader.get("networks")
    assert (answer.status_code, "expired" in answer.json()["message"]) == (401, True)


def test_the_last_use_is_noted_once_a_minute(world: World) -> None:
    reader = Reader(token_for(world.organization))
    assert tokens(world)[0].last_used_at is None
    reader.get("networks")
    first = tokens(world)[0].last_used_at
    assert first is not None
    reader.get("networks")
    assert tokens(world)[0].last_used_at == first
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        Token.objects.update(last_used_at=first - timedelta(minutes=2))
    reader.get("networks")
    assert tokens(world)[0].last_used_at > first


def test_a_session_opens_no_route(world: World) -> None:
    answer = signed_in(world.alice).get("/api/v1/networks")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")


def test_a_token_asks_so_often_and_no_more(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PORTAL_API_CALLS_PER_MINUTE = 3
    moment = timezone.now().replace(second=10, microsecond=0)
    monkeypatch.setattr("portal.api.door.timezone.now", lambda: moment)
    reader, other = Reader(token_for(world.organization)), Reader(token_for(world.organization))
    assert [reader.get("networks").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = reader.get("networks")
    assert (answer["Retry-After"], answer.json()["error"]) == ("50", "too_many_requests")
    assert other.get("networks").status_code == 200
    moment += timedelta(seconds=50)
    assert reader.get("networks").status_code == 200

    def unreachable(*_: object, **__: object) -> bool:
        raise NoCache

    monkeypatch.setattr(caches["counts"], "add", unreachable)
    assert [reader.get("networks").status_code for _ in range(4)] == [200] * 4


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_api_token", "--organization", SLUG, "--scopes", "read", *arguments, stdout=out)
    return out.getvalue()


def test_a_token_is_made_on_the_command_line(world: World) -> None:
    made = json.loads(run("--json"))
    assert list(made) == ["token"]
    assert len(Reader(made["token"]).items("networks")) == 2
    text = run("--networks", "annex", "--days", "1", "--as", "alice@example.com").strip()
    assert [item["network"] for item in Reader(text).items("networks")] == ["annex"]
    assert [actor for _, actor, _ in acts(world)] == ["command line", "alice@example.com"]
    for wrong in (["--networks", "elsewhere"], ["--days", "731"], ["--days", "0"]):
        with pytest.raises(CommandError):
            run(*wrong)
    with pytest.raises(CommandError):
        call_command("create_api_token", "--organization", "nobody", "--scopes", "read")
    assert len(tokens(world)) == 2


def test_the_reference_shows_every_route(world: World) -> None:
    page = signed_in(world.audrey).get(reverse("api_reference")).content.decode()
    document = Client().get("/api/v1/openapi.json").json()
    assert len(document["paths"]) > 12
    for path, operations in document["paths"].items():
        assert path in page
        for parameter in operations["get"]["parameters"]:
            assert parameter["description"], (path, parameter)
