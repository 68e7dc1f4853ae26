"""`manage.py simulate` against a real receiver: what it says was acknowledged is stored."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.lib.scope import network_scope
from portal.webhooks.models import Delivery
from portal.webhooks.pipeline import process_waiting
from tests.networks.test_commands import run
from tests.webhooks.serving import serving
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db(transaction=True)


def note_run(directory: Path, base: str, *places: ConnectedNetwork) -> None:
    """Write what `make run` leaves for scripts."""
    networks = [
        {"slug": place.network.slug, "hook_url": base + place.path, "webhook_secret": place.secret} for place in places
    ]
    (directory / "run.json").write_text(json.dumps({"networks": networks}))


def test_what_is_said_to_be_acknowledged_is_stored_and_verified(world: World, settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path
    with serving() as client:
        note_run(tmp_path, str(client.base_url).rstrip("/"), world.foundry, world.annex)
        said = run("simulate", "--rate", "200", "--events", "40", "--network", "annex")
    assert said.startswith("40 acknowledged in ")
    assert "(200: 40)" in said
    assert re.search(r"\d+ per second, p50 \d+\.\d ms, p99 \d+\.\d ms", said)
    with network_scope(world.annex.network.id):
        assert Delivery.objects.count() == 40
    with network_scope(world.foundry.network.id):
        assert Delivery.objects.count() == 0
    assert process_waiting(world.annex.network.id, limit=500) == 40
    with network_scope(world.annex.network.id):
        assert set(Delivery.objects.values_list("verdict", flat=True)) == {"verified"}


def test_it_says_what_is_missing(world: World, settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="Nothing is running here"):
        run("simulate", "--events", "1")
    note_run(tmp_path, "http://127.0.0.1:9", world.foundry)
    with pytest.raises(CommandError, match="no network elsewhere"):
        run("simulate", "--events", "1", "--network", "elsewhere")


def test_it_fails_and_says_so_when_nobody_answers(
    world: World, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.PORTAL_DATA_DIR = tmp_path
    note_run(tmp_path, "http://127.0.0.1:9", world.foundry)
    with pytest.raises(CommandError, match="Not one event was acknowledged"):
        call_command("simulate", "--events", "2")
    said = capsys.readouterr().out
    assert said.startswith("0 acknowledged in ")
    assert "(ConnectionRefusedError: 6)" in said
    assert "2 given up after three attempts" in said


def test_a_network_that_is_gone_is_named(world: World, settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path
    (tmp_path / "run.json").write_text(
        json.dumps({"networks": [{"slug": "gone", "hook_url": "http://127.0.0.1:9/hooks/x/", "webhook_secret": "x"}]})
    )
    with pytest.raises(CommandError, match="names the network gone"):
        run("simulate", "--events", "1")
