"""Exports of the lists that belong to one thing, and of lists of networks: each holds what its page shows."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import time_machine
from django.test import Client

from portal.exports.listings import LISTINGS
from portal.lib.scope import network_scope, tenant_scope
from portal.stock.models import Entry, Gap
from portal.trail.models import Entry as Act
from portal.trail.record import record
from tests.exports.test_exports import ask, client_of, content_of, rows_of, write_all
from tests.isolation.test_walk import checked_job
from tests.webhooks.test_drain import NOON, body, drain, store
from tests.webhooks.test_projections import arrivals, life
from tests.world import World, add_person

pytestmark = pytest.mark.django_db


def export(client: Client, listing: str, **query: Any) -> list[dict[str, str]]:
    address = ask(client, listing=listing, query=urlencode(query))["Location"]
    write_all()
    assert str(LISTINGS[listing].label) in client.get(address).content.decode()
    return rows_of(content_of(client, address))


@pytest.fixture
def plant(world: World) -> World:
    """The foundry with stock that moves at several locations, some of it unexplained."""
    told = [item for number, item in enumerate(life("exports", 200)) if number % 9]
    store(world.foundry, *arrivals(world.foundry, told))
    drain(world.foundry)
    return world


def test_the_ledger_of_a_part_whole_and_at_one_location(plant: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.exports.stock_rows.AT_ONCE", 3)
    client = client_of(plant.bob)
    with network_scope(plant.foundry.network.id):
        part = Gap.objects.filter(closed_by=None).values_list("part", flat=True)[0]
        entries = list(Entry.objects.filter(part=part).order_by("-order_key"))
        gaps = Gap.objects.filter(part=part).count()
        here = next(entry.location for entry in entries if entry.location)
    rows = export(client, "ledger", network="foundry", key=part)
    assert [int(row["Position"]) for row in rows] == [entry.position for entry in entries]
    assert len([row for row in rows if row["Not explained before it"]]) == gaps > 0
    assert all(row["Balance"] for row in rows)
    at_place = export(client, "ledger", network="foundry", key=part, location=here)
    assert len(at_place) == len([entry for entry in entries if entry.location == here])
    page = client.get("/networks/foundry/stock/part/", {"key": part, "location": here}).content.decode()
    assert f'value="{urlencode({"network": "foundry", "key": part, "location": here})}"'.replace("&", "&amp;") in page


def test_what_is_told_after_the_order_is_no_part_of_a_ledger(plant: World) -> None:
    client = client_of(plant.bob)
    with network_scope(plant.foundry.network.id):
        part = Entry.objects.values_list("part", flat=True)[0]
        count = Entry.objects.filter(part=part).count()
    address = ask(client, listing="ledger", query=urlencode({"network": "foundry", "key": part}))["Location"]
    more = [(moment + timedelta(days=300), item) for moment, item in life("exports", 200)]
    store(plant.foundry, *arrivals(plant.foundry, more))
    drain(plant.foundry)
    write_all()
    assert len(rows_of(content_of(client, address))) == count


def test_the_parts_of_a_location_are_those_of_its_page(plant: World) -> None:
    client = client_of(plant.bob)
    with network_scope(plant.foundry.network.id):
        here = Entry.objects.exclude(location="").values_list("location", flat=True)[0]
    page = client.get("/networks/foundry/stock/location/", {"key": here}).content.decode()
    [query] = re.findall(r'name="query" value="([^"]*)"', page)
    rows = export(client, "stock", **dict(parse_qsl(unescape(query))))
    assert all(f"key={row['Key'].replace(':', '%3A')}" in page for row in rows)
    assert rows
    assert all(row["Level at the location"] for row in rows)


def test_the_rows_of_a_job_by_state(world: World, tmp_path: Path) -> None:
    job_id = checked_job(world, tmp_path)
    client = client_of(world.bob)
    rows = export(client, "job_rows", network="foundry", job=job_id)
    assert [(row["Row"], row["State"]) for row in rows] == [("2", "Has errors"), ("3", "Ready")]
    assert rows[0]["What was said"]
    assert [row["Row"] for row in export(client, "job_rows", network="foundry", job=job_id, state="ready")] == ["3"]


def test_lists_of_networks(world: World) -> None:
    client = client_of(world.alice)
    assert {row["Network"] for row in export(client, "networks")} == {"Foundry", "Annex"}
    names = [row["Network"] for row in export(client, "overview", sort="network", order="up")]
    assert set(names) == {"Foundry", "Annex"}
    page = client.get("/", {"sort": "network", "order": "up"}).content.decode()
    assert (page.index("<b>Foundry</b>") < page.index("<b>Annex</b>")) == (names[0] == "Foundry")
    store(world.foundry, (NOON, body(), {}))
    drain(world.foundry)
    coverage = export(client, "coverage", network="foundry")
    assert len(coverage) == 11
    assert len(export(client, "coverage")) == 22


def test_people_are_exported_by_admins_of_their_organization_and_nobody_else(world: World) -> None:
    client = client_of(world.alice)
    assert 'value="organization=acme-plants"' in client.get("/people/acme-plants/").content.decode()
    rows = export(client, "people", organization="acme-plants")
    assert {row["E-mail address"]: row["Roles"] for row in rows} == {
        "alice@example.com": "Admin", "audrey@example.com": "Auditor: Foundry", "bob@example.com": "Manager: Foundry",
    }  # fmt: skip
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        acts = list(Act.objects.filter(action__startswith="export_").values_list("action", "organization_id"))
    assert acts == [(f"export_{done}", world.organization.id) for done in ("asked", "downloaded")]
    refused = {"organization": "acme-plants"}
    assert ask(client_of(world.bob), listing="people", query=urlencode(refused)).status_code == 403
    assert ask(client_of(world.charlie), listing="people", query=urlencode(refused)).status_code == 404


def test_who_may_open_nothing_has_nothing_to_export(world: World) -> None:
    nobody = add_person(world.organization, "nobody@example.com")
    for listing in ("timeline", "notices", "overview"):
        assert ask(client_of(nobody), listing=listing, query="").status_code == 404


@pytest.mark.parametrize("listing", [name for name, each in LISTINGS.items() if each.in_path])
def test_a_list_of_one_thing_must_say_of_which(world: World, listing: str) -> None:
    client = client_of(world.bob)
    for query in ("", "network=foundry&job=x/y", "job=1"):
        if listing not in {"ledger", "quarantine"} or "network" not in query:
            assert ask(client, listing=listing, query=query).status_code == 400
    query = "network=foundry&organization=acme-plants"
    assert ask(client_of(world.charlie), listing=listing, query=query).status_code in {400, 404}
    assert not Act.objects.filter(action="export_asked").exists()


def test_a_page_with_a_timeline_of_one_thing_offers_it(plant: World) -> None:
    client = client_of(plant.bob)
    with network_scope(plant.foundry.network.id):
        part = Entry.objects.values_list("part", flat=True)[0]
    page = client.get("/networks/foundry/things/part/", {"key": part}).content.decode()
    [query] = re.findall(r'name="query" value="([^"]*)"', page)
    rows = export(client, "timeline", network="foundry", kind="part", key=part)
    assert f"kind=part&amp;key={part.replace(':', '%3A')}" in query
    assert len(rows) >= page.count('class="event-open"') > 0


def test_the_trail_of_some_days_on_the_page_and_in_its_export(world: World) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        with time_machine.travel(f"{day}T12:00:00Z"), tenant_scope(networks=[world.foundry.network.id]):
            record("silence_changed", actor=world.bob, network_id=world.foundry.network.id, subject=day)
    client = client_of(world.bob)
    page = client.get("/trail/?from=2026-03-02&to=2026-03-02&action=silence_changed").content.decode()
    assert page.count(">2026-03-02</a>") == 1
    assert ">2026-03-01</a>" not in page and ">2026-03-03</a>" not in page
    assert "is no date" in client.get("/trail/?from=soon").content.decode()
    assert "No act fits" in client.get("/trail/?period=month&action=silence_changed").content.decode()
    query = {"from": "2026-03-02", "to": "2026-03-03", "action": "silence_changed"}
    assert [row["About"] for row in export(client, "trail", **query)] == ["2026-03-03", "2026-03-02"]
