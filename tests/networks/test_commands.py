"""From the command line: an organization, a network, and new sealing keys; and the daily look at the vendor."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client

from portal.lib.scope import network_scope
from portal.networks.inbox import current_token, valid_secrets
from portal.networks.models import Credential, Network
from portal.networks.refresh import due_networks, refresh_settings
from portal.trail.models import Entry
from tests.integrations.sandbox.conftest import RunningSandbox
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(tmp_path: Path, settings: Any) -> Any:
    running = RunningSandbox(tmp_path)
    settings.MOBILITY_WORK_API_URL = running.url
    yield running
    running.stop()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def make_network(sandbox: Any, **wish: Any) -> dict[str, Any]:
    wish = {"name": "Fourth", "timezone": "Europe/Rome", "currency": "EUR", "plan": "premium", "language": "en"} | wish
    answer = httpx.post(sandbox.url + "/control/api/networks", json=wish)
    return dict(answer.json())


def test_an_organization_starts_with_an_admin_who_sets_a_password_by_a_link(db: None) -> None:
    said = run("create_organization", "--name", "Nouvelle Usine", "--admin-email", "Chef@Example.com")
    link = said.rsplit(" ", 1)[1].strip()
    client = Client()
    path = link.removeprefix("http://testserver")
    form = client.get(path, follow=True)
    word = "une phrase assez longue"
    client.post(form.redirect_chain[-1][0], {"password1": word, "password2": word})
    done = client.post("/accounts/login/", {"login": "chef@example.com", "password": word})
    assert done.status_code == 302
    assert "Connect the first network" in client.get("/").content.decode()
    with pytest.raises(CommandError, match="exists"):
        run("create_organization", "--name", "Nouvelle Usine", "--admin-email", "b@example.com")
    with pytest.raises(CommandError, match="no e-mail address"):
        run("create_organization", "--name", "Other", "--admin-email", "nobody")


def test_a_network_is_connected_with_a_key_from_a_file(world: World, sandbox: Any, tmp_path: Path) -> None:
    made = make_network(sandbox)
    key = tmp_path / "key"
    key.write_text(made["api_key"] + "\n")
    options = ["--organization", "acme-plants", "--name", "Fourth", "--api-key-file", str(key)]
    told = json.loads(run("connect_network", *options, "--kind", "sandbox", "--as", "alice@example.com", "--json"))
    network = Network.objects.get(slug=told["network"])
    assert (network.time_zone, network.kind) == ("Europe/Rome", "sandbox")
    with network_scope(network.id):
        assert told["hook_url"].endswith(f"/hooks/{current_token(network.id)}/")
        assert valid_secrets(network.id) == [told["webhook_secret"]]
        assert Entry.objects.get(action="network_connected").actor == "alice@example.com"
    with pytest.raises(CommandError, match="connected already"):
        run("connect_network", *options)
    key.write_text("wrong-key-0123456789")
    with pytest.raises(CommandError, match="does not accept") as refused:
        run("connect_network", *options)
    assert "wrong-key" not in str(refused.value)


def test_settings_are_read_again_daily_and_changes_are_recorded(
    world: World, sandbox: Any, tmp_path: Path, settings: Any
) -> None:
    made = make_network(sandbox)
    key = tmp_path / "key"
    key.write_text(made["api_key"])
    told = json.loads(
        run("connect_network", "--organization", "acme-plants", "--name", "F", "--api-key-file", str(key), "--json")
    )
    network = Network.objects.get(slug=told["network"])
    Network.objects.filter(id=network.id).update(settings_checked_at=None, time_zone="UTC")
    assert network.id in due_networks()
    assert refresh_settings(network.id)
    network.refresh_from_db()
    assert network.time_zone == "Europe/Rome"
    assert network.id not in due_networks()
    with network_scope(network.id):
        assert Entry.objects.get(action="network_settings_changed").details == {"time_zone": ["UTC", "Europe/Rome"]}
    # The foundry's key is made up: the sandbox refuses it, which is noted once and shown.
    for _ in range(2):
        assert not refresh_settings(world.foundry.network.id)
    with network_scope(world.foundry.network.id):
        assert "BadKey" in Credential.objects.get().last_error
        assert Entry.objects.filter(action="key_refused").count() == 1
    # An outage says nothing of the key: it stays refused, and the trail does not say so again.
    sandbox_url, settings.MOBILITY_WORK_API_URL = settings.MOBILITY_WORK_API_URL, "http://127.0.0.1:1"
    assert not refresh_settings(world.foundry.network.id)
    with network_scope(world.foundry.network.id):
        assert "BadKey" in Credential.objects.get().last_error
    settings.MOBILITY_WORK_API_URL = sandbox_url
    assert not refresh_settings(world.foundry.network.id)
    with network_scope(world.foundry.network.id):
        assert Entry.objects.filter(action="key_refused").count() == 1


def test_resealing_lets_the_old_key_go(world: World, settings: Any) -> None:
    old = settings.PORTAL_SEALING_KEYS
    newer = Fernet.generate_key().decode()
    settings.PORTAL_SEALING_KEYS = [newer, *old]
    assert run("reseal").startswith("9 sealed values")
    settings.PORTAL_SEALING_KEYS = [newer]
    assert run("reseal").startswith("0 sealed values")
    with network_scope(world.foundry.network.id):
        assert valid_secrets(world.foundry.network.id) == [world.foundry.secret]
        assert current_token(world.foundry.network.id) == world.foundry.token
    settings.PORTAL_SEALING_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="No key in PORTAL_SEALING_KEYS"):
        run("reseal")
