"""Walks every address of the portal: as an outsider, as an auditor, and with no session."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.accounts.models import Invitation, Membership
from portal.exports.request import ask_for_export
from portal.exports.write import write_export
from portal.jobs.checking import check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.access import access_of
from portal.networks.models import SigningSecret
from portal.notifications.models import Notice
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.models import Processing
from portal.webhooks.pipeline import process_waiting
from tests.api.plant import token_for
from tests.world import World

pytestmark = pytest.mark.django_db

FIXTURE = Path(__file__).parent.parent / "fixtures" / "events" / "SparePartWasConsumed.withoutTask.json"
# Open without a session, each by name: sign-in pages, invitations, health, and aids that exist in development only.
OPEN = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "healthz",
    "metrics",  # by its own token
    "readyz",
    "invitation",
    "unsubscribe",  # by a signed link, and for its one purpose
    "outbox",
    "outbox_mail",
    "styleguide",
}
# What is a person's own: their session, password and preferences.
OWN = set(OPEN) | {"account_change_password", "account_set_password", "preferences"}
OWN |= {"account_reauthenticate", "home", "help", "timeline", "new_events", "networks", "people", "connect", "trail"}
OWN |= {"jobs", "send", "exports", "export_new", "api_reference"}
OWN |= {"tasks", "task_board", "task_figures", "stock", "stock_gaps", "stock_low"}
OWN |= {"coverage", "notices", "notices_seen", "notification_preferences"}
# Pages about a thing of the foundry's event.
KEYS = {"subject": "id:88203", "stock_part": "id:88203", "stock_location": "id:5303"}
READ_ONLY_POSTS = {"raw_payload"}  # hands out evidence, and records that in the trail


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver) and entry.namespace == "api":
            continue  # opened by tokens, not by sessions: test_api.py walks it
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix)
        elif entry.name:
            yield entry.name, str(entry.pattern), entry


ROUTES = {name: pattern for name, pattern, _entry in patterns(get_resolver())}


def notice_of(world: World) -> UUID:
    """Return a notice of Bob's about the foundry: nobody else may open it."""
    now = timezone.now()
    made = Notice(
        network=world.foundry.network, user_id=world.bob.id, kind="rejected", at=now, created_at=now, said={"count": 1}
    )
    made.save(force_insert=True)
    return made.id


def export_of(world: World) -> UUID:
    """Return an export of the foundry's timeline that Alice asked for, ready to be taken."""
    with network_scope(world.foundry.network.id):
        access = access_of(world.alice)
        query = QueryDict("network=foundry")
        export = ask_for_export(access, listing="timeline", query=query, file_format="csv", address=None)
    write_export(export.id, export.networks, export.organizations)
    return export.id


@pytest.fixture
def values(world: World, tmp_path: Path) -> dict[str, Any]:
    """Values for every argument that a route takes, all of them the foundry's."""
    network_id = world.foundry.network.id
    body = FIXTURE.read_bytes().replace(
        b"6f1d3c52-8a47-4e0b-9c15-2b7de0a4f318", str(world.foundry.network.vendor_network_id).encode()
    )
    with network_scope(network_id):
        store_past(network_id, [PastRequest(timezone.now(), body, {})])
    process_waiting(network_id, limit=10)
    invitation = Invitation.objects.create(
        organization=world.organization, email="x@example.com", token_hash=b"1" * 32, expires_at=timezone.now()
    )
    job_id = checked_job(world, tmp_path)
    with network_scope(network_id):
        return {
            "slug": world.foundry.network.slug,
            "position": 1,
            "kind": "part",
            "organization": world.organization.slug,
            "membership_id": Membership.objects.get(user=world.audrey).id,
            "invitation_id": invitation.id,
            "secret_id": SigningSecret.objects.get().id,
            "delivery_id": Processing.objects.get().delivery_id,
            "token": "no-such-token",
            "key": "no-such-key",
            "uidb36": "1",
            "name": "no-such-mail",
            "id": uuid4(),
            "operation": "replaceSparePartStock",
            "column": "id",
            "call_id": uuid4(),
            "job_id": job_id,
            "export_id": export_of(world),
            "number": 2,
            "token_id": token_for(world.organization).token.id,
            "notice_id": notice_of(world),
        }


def checked_job(world: World, folder: Path) -> UUID:
    """Return a job of the foundry with a good and a bad row, checked and not sent."""
    path = folder / "stock.csv"
    path.write_text("id,quantity\nA-1,x\nA-2,5\n")
    network = world.foundry.network
    job = draft_of_file(
        network, "replaceSparePartStock", path, file_name="stock.csv", actor=world.bob, now=timezone.now()
    )
    with network_scope(network.id):
        start_check(network, job.id)
    check_next(network.id)
    return job.id


def address(name: str, values: dict[str, Any]) -> str:
    wanted = re.findall(r"<(?:\w+:)?(\w+)>", ROUTES[name])
    url = reverse(name, kwargs={argument: values.get(argument, "x") for argument in wanted})
    return f"{url}?key={KEYS[name]}" if name in KEYS else url


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def tenant_state(world: World) -> str:
    """Return a digest of everything that belongs to tenants; own sessions, own row and the trail are left out."""
    digest = hashlib.sha256()
    places = [world.foundry, world.annex, world.elsewhere]
    # What is a person's own, the trail, and counts of attempts to sign in, which are nobody's.
    left_out = {"django_session", "accounts_user", "trail_entry", "django_migrations", "account_emailaddress"}
    left_out.add("accounts_attempts")
    with (
        tenant_scope(
            networks=[place.network.id for place in places], organizations=[world.organization.id, world.other.id]
        ),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            if table not in left_out:
                cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
                row = cursor.fetchone()
                digest.update(f"{table}={row[0]}".encode())
    return digest.hexdigest()


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_without_a_session_every_address_is_closed_unless_open_by_name(name: str, values: dict[str, Any]) -> None:
    for method in ("get", "post"):
        answer: HttpResponse = getattr(Client(), method)(address(name, values))
        assert answer.status_code < 500
        if name not in OPEN:
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize("name", sorted(set(ROUTES) - OWN))
def test_an_outsider_finds_nothing_of_a_tenant(name: str, values: dict[str, Any], world: World) -> None:
    before = tenant_state(world)
    client = client_of(world.charlie)
    for method in ("get", "post"):
        answer = getattr(client, method)(address(name, values))
        # 405 says nothing of a tenant: it comes before anything is looked up.
        assert answer.status_code in {404, 405}, (name, method, answer.status_code)
    assert tenant_state(world) == before


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_an_auditor_changes_nothing_of_a_tenant(name: str, values: dict[str, Any], world: World) -> None:
    before = tenant_state(world)
    client = client_of(world.audrey)
    for method in ("get", "post"):
        data = {"name": "New", "overlap": "0", "is_admin": "on", "plan": "ultimate", "kind": "sandbox"}
        answer = getattr(client, method)(address(name, values), data)
        assert answer.status_code < 500
        if method == "post" and name not in OWN | READ_ONLY_POSTS:
            assert answer.status_code in {403, 404, 405}, (name, answer.status_code)
    assert tenant_state(world) == before


@pytest.mark.parametrize("name", sorted(OWN & set(ROUTES)))
def test_an_outsiders_own_pages_show_nothing_foreign(name: str, values: dict[str, Any], world: World) -> None:
    page = client_of(world.charlie).get(address(name, values), follow=True).content.decode()
    foreign = {"Foundry", "Annex", "Acme Plants", "alice@example.com", "bob@example.com", "88203"}
    assert {word for word in foreign if word in page} == set()


def test_an_outsider_sees_their_own_network_and_cannot_ask_for_another(values: dict[str, Any], world: World) -> None:
    client = client_of(world.charlie)
    own = ("home", "timeline", "networks", "trail", "jobs", "send", "tasks", "task_board", "task_figures", "stock")
    for name in own:
        assert "Elsewhere" in client.get(reverse(name)).content.decode()
        if name not in {"home", "networks"}:
            refused = client.get(reverse(name), {"network": world.foundry.network.slug})
            assert refused.status_code == 404, name
            assert "Foundry" not in refused.content.decode()
    for name in ("stock_gaps", "stock_low"):
        assert client.get(reverse(name), {"network": world.foundry.network.slug}).status_code == 404


def test_a_manager_of_one_network_sees_that_one_only(values: dict[str, Any], world: World) -> None:
    client = client_of(world.bob)
    page = client.get(reverse("networks")).content.decode()
    assert "Foundry" in page
    assert "Annex" not in page
    assert client.get(reverse("network", args=["annex"])).status_code == 404
    assert client.get(reverse("network_key", args=["foundry"])).status_code == 403
