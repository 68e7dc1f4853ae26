"""What the commands say when they cannot do it, whom the trail names, and that no key or given secret is repeated."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError

from portal.accounts.models import Organization, User
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.inbox import valid_secrets
from portal.networks.models import Network
from portal.trail.models import Entry
from tests.networks.test_commands import make_network, run, sandbox
from tests.world import World

__all__ = ["sandbox"]

pytestmark = pytest.mark.django_db

CONNECT = ["connect_network", "--organization", "acme-plants", "--name", "Fourth", "--api-key-file"]


def actor_of_entry(organization: Organization) -> str:
    with tenant_scope(networks=[], organizations=[organization.id]):
        return str(Entry.objects.get(action="organization_created").actor)


def test_the_trail_names_who_made_an_organization(world: World) -> None:
    run("create_organization", "--name", "By Hand", "--admin-email", "a@example.com")
    run("create_organization", "--name", "By Alice", "--admin-email", "b@example.com", "--as", "alice@example.com")
    assert actor_of_entry(Organization.objects.get(slug="by-hand")) == "command line"
    assert actor_of_entry(Organization.objects.get(slug="by-alice")) == "alice@example.com"
    with pytest.raises(CommandError, match="Nobody here has the address"):
        run("create_organization", "--name", "Third", "--admin-email", "c@example.com", "--as", "ghost@example.com")
    assert not Organization.objects.filter(slug="third").exists()
    assert not User.objects.filter(email="c@example.com").exists()


def test_a_known_person_keeps_the_password_and_gets_no_link(world: World) -> None:
    before = User.objects.get(email="bob@example.com").password
    said = run("create_organization", "--name", "Second Home", "--admin-email", "bob@example.com")
    assert "/accounts/" not in said
    assert User.objects.get(email="bob@example.com").password == before


def test_key_from_standard_input_and_a_given_secret_is_not_repeated(
    world: World, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_network(sandbox)
    given = "a secret that the vendor has"
    (tmp_path / "secret").write_text(given + "\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(made["api_key"] + "\n"))
    said = run(*CONNECT, "-", "--webhook-secret-file", str(tmp_path / "secret"), "--plan", "ultimate", "--json")
    assert set(json.loads(said)) == {"network", "hook_url"}
    assert given not in said
    assert made["api_key"] not in said
    network = Network.objects.get(slug=json.loads(said)["network"])
    assert (network.plan, network.kind) == ("ultimate", "production")
    with network_scope(network.id):
        assert valid_secrets(network.id) == [given]
        assert Entry.objects.get(action="network_connected").actor == "command line"


def test_each_failure_of_connecting_is_said_clearly_and_leaves_nothing(
    world: World, sandbox: Any, tmp_path: Path, settings: Any
) -> None:
    made, networks = make_network(sandbox), Network.objects.count()
    key, empty, short, binary = (tmp_path / name for name in ("key", "empty", "short", "binary"))
    key.write_text(made["api_key"])
    empty.write_text(" \n")
    short.write_text("tooshort")
    binary.write_bytes(b"\xff\xfe\x00")
    stranger = ["connect_network", "--organization", "nobody", "--name", "F", "--api-key-file", str(key)]
    cases: list[tuple[list[str], str]] = [
        (stranger, "no organization with the slug nobody"),
        ([*CONNECT, str(tmp_path / "absent")], "cannot be read: FileNotFoundError"),
        ([*CONNECT, str(binary)], "cannot be read: UnicodeDecodeError"),
        ([*CONNECT, str(empty)], "is empty"),
        ([*CONNECT, str(key), "--webhook-secret-file", str(short)], "too short: 16 characters"),
        ([*CONNECT, str(key), "--as", "ghost@example.com"], "Nobody here has the address"),
        ([*CONNECT, str(key), "--plan", "free"], "invalid choice"),
    ]
    for arguments, words in cases:
        with pytest.raises(CommandError, match=words) as refused:
            run(*arguments)
        assert made["api_key"] not in str(refused.value)
        assert "tooshort" not in str(refused.value)
    settings.MOBILITY_WORK_API_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="could not be reached") as unreachable:
        run(*CONNECT, str(key))
    assert made["api_key"] not in str(unreachable.value)
    assert unreachable.value.__cause__ is None
    assert Network.objects.count() == networks


def test_resealing_is_kept_in_each_networks_trail_once(world: World, settings: Any) -> None:
    settings.PORTAL_SEALING_KEYS = [Fernet.generate_key().decode(), *settings.PORTAL_SEALING_KEYS]
    for _ in range(2):
        run("reseal", "--as", "alice@example.com")
    for place in (world.foundry, world.annex, world.elsewhere):
        with network_scope(place.network.id):
            entry = Entry.objects.get(action="secrets_resealed")
            assert (entry.actor, entry.details) == ("alice@example.com", {"values": 3})
