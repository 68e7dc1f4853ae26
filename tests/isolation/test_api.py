"""Walks every route of the read API: without a token, with one that has ended, and with one of somebody else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal.api.document import document
from portal.api.models import Token
from portal.api.urls import urlpatterns
from portal.lib.scope import tenant_scope
from tests.api.plant import Reader, live, token_for
from tests.isolation.test_walk import checked_job
from tests.world import World

pytestmark = pytest.mark.django_db

ROUTES = sorted(document()["paths"])
OPEN = {"openapi"}  # it speaks of no tenant
MISSING = {"missing", "missing_root"}
NEEDED = {"ledger": {"sparePart": "id:1"}, "stock/at": {"moment": "2026-12-31T00:00:00Z"}}


@pytest.fixture
def job_id(world: World, tmp_path: Path) -> UUID:
    live(world.foundry)
    return checked_job(world, tmp_path)


def address(path: str, job_id: UUID, slug: str = "foundry") -> str:
    return path.format(network=slug, position=1, job=job_id)


def query(path: str) -> dict[str, str]:
    return next((values for part, values in NEEDED.items() if part in path), {})


def test_the_walk_knows_every_route() -> None:
    described = {operation["get"]["operationId"] for operation in document()["paths"].values()}
    named = {str(pattern.name) for pattern in urlpatterns} - OPEN - MISSING
    assert len(named) == len(described) == len(ROUTES)


@pytest.mark.parametrize("path", ROUTES)
def test_the_networks_own_token_opens_every_route(path: str, world: World, job_id: UUID) -> None:
    """Else the refusals below would prove nothing."""
    for networks in (None, [world.foundry.network]):
        reader = Reader(token_for(world.organization, networks))
        assert reader.get(address(path, job_id), query(path)).status_code == 200


@pytest.mark.parametrize("path", ROUTES)
def test_no_route_answers_without_a_token_that_is_valid(path: str, world: World, job_id: UUID) -> None:
    url = address(path, job_id)
    assert Client().get(url, query(path)).status_code == 401
    signed_in = Client()
    signed_in.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert signed_in.get(url, query(path)).status_code == 401
    for odd in ("", "Bearer", "Basic YTpi", "Bearer portal_", "Bearer portal_" + "x" * 43, "Bearer " + "x" * 5000):
        assert Client().get(url, query(path), headers={"Authorization": odd}).status_code == 401, odd[:40]
    now = timezone.now()
    for change in ({"revoked_at": now}, {"expires_at": now}):
        ended = token_for(world.organization)
        with tenant_scope(networks=[], organizations=[world.organization.id]):
            assert Token.objects.filter(id=ended.token.id).update(**change) == 1
        assert Reader(ended).get(url, query(path)).status_code == 401


@pytest.mark.parametrize("path", ROUTES)
def test_no_route_shows_another_network_or_organization(path: str, world: World, job_id: UUID) -> None:
    """By address and by filter it is not there; in a list over all networks nothing of it stands."""
    own = Reader(token_for(world.organization, [world.foundry.network])).get(address(path, job_id), query(path)).content
    assert b"foundry" in own or b"A-2" in own or b'"items":[]' in own
    outsiders = [
        token_for(world.other),
        token_for(world.organization, [world.annex.network]),
        token_for(world.organization, []),
    ]
    for outsider in outsiders:
        reader = Reader(outsider)
        if "{network}" in path:
            there = reader.get(address(path, job_id), query(path))
            nowhere = reader.get(address(path, job_id, slug="no-such-network"), query(path))
            assert (there.status_code, there.content) == (404, nowhere.content)
            continue
        over_all = reader.get(path, query(path))
        assert over_all.status_code == 200
        assert b"foundry" not in over_all.content.lower()
        assert str(world.foundry.network.id).encode() not in over_all.content
        assert reader.get(path, {**query(path), "network": "foundry"}).status_code == 404


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_route_changes_anything(path: str, method: str, world: World, job_id: UUID) -> None:
    headers = {"Authorization": f"Bearer {token_for(world.organization).text}"}
    assert getattr(Client(), method)(address(path, job_id), headers=headers).status_code == 405


def test_an_edited_cursor_leads_nowhere_else(world: World, job_id: UUID) -> None:
    """A cursor may hold the id of any network; what comes back is still the token's own."""
    reader = Reader(token_for(world.organization, [world.annex.network]))
    foreign = world.foundry.network.id
    for path, cursor in [
        ("stock", foreign.bytes), ("stock/locations", foreign.bytes), ("gaps", foreign.bytes + bytes(27)),
        ("events", b"\xff" * 27 + foreign.bytes), ("tasks", b"\xff" * 27 + foreign.bytes), ("jobs", b"\xff" * 16),
    ]:  # fmt: skip
        answer = reader.get(path, {"cursor": cursor.hex()})
        assert (answer.status_code, answer.json()["items"]) == (200, []), path


def test_the_database_shows_a_token_its_networks_only(world: World, job_id: UUID) -> None:
    """Behind the routes stands the policy: whatever a query forgets, the scope is the token's."""
    token = token_for(world.organization, [world.annex.network])
    with tenant_scope(networks=[]):
        assert not Token.objects.exists()
    with tenant_scope(networks=[], organizations=[world.other.id]):
        assert not Token.objects.exists()
    with connections["default"].cursor() as cursor:
        for text, found in ((token.text, [(world.organization.id,)]), (f"portal_{uuid4()}", [])):
            digest = hashlib.sha256(text.encode()).digest()
            cursor.execute("SELECT organization_id FROM portal_api_token(%s)", [digest])
            assert cursor.fetchall() == found
