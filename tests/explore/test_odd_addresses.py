"""Addresses that somebody changed by hand: each is answered, and none by an error of the portal."""

from __future__ import annotations

import base64
import json

import pytest
from django.test import Client
from django.urls import reverse

from portal.lib.scope import network_scope
from portal.stock.models import Part
from tests.timeline.test_timeline import client_of
from tests.world import World

pytestmark = pytest.mark.django_db

ID = "00000000-0000-4000-8000-000000000000"
HEX = ID.replace("-", "")


def place(*values: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


ODD: list[tuple[str, dict[str, str]]] = [
    *(("stock", {"sort": "level", "after": place(level, "x", ID)}) for level in ("sNaN", "1E999999999", "\u0663", "")),
    ("stock", {"after": place("a", "\ud800", ID)}),
    ("stock", {"after": place("\ud800", "a", ID)}),
    ("stock", {"sort": "moved", "after": place("0001-01-01T00:00:00+14:00", "a", ID)}),
    ("stock", {"sort": "moved", "after": place("9999-12-31T23:59:59-14:00", "a", ID)}),
    ("stock", {"idle": "0000019999999999"}),
    ("stock", {"idle": "000001" + "9" * 5000}),
    ("stock", {"q": "\\"}),
    ("stock", {"at": "1970-01-02T00:00"}),
    ("stock_gaps", {"after": place("2020-01-01", "00", "\ud800", "", ID)}),
    ("stock_gaps", {"after": place("0001-01-01T00:00:00+14:00", "00", "a", "", ID)}),
    ("stock_low", {"after": place("2020-01-01", "\ud800", ID)}),
    ("tasks", {"sort": "changed", "after": f"{'9' * 17}.{HEX}.x"}),
    ("tasks", {"sort": "changed", "after": f"253402300799999999.{HEX}.x"}),
    ("tasks", {"after": f"zz.{HEX}.x"}),
    ("tasks", {"tag": "\0", "person": "\0"}),
    ("timeline", {"before": "00" * 43}),
    ("timeline", {"from": "9999-12-31", "to": "0001-01-01"}),
    ("timeline", {"q": "\0'\\"}),
    ("trail", {"before": "x", "action": "\0", "person": "\0"}),
    ("notices", {"before": "x"}),
    ("coverage", {"network": "\0"}),
]


@pytest.mark.parametrize(("name", "query"), ODD)
def test_what_makes_no_sense_is_answered(name: str, query: dict[str, str], world: World) -> None:
    with network_scope(world.foundry.network.id):
        Part.objects.create(
            network=world.foundry.network, part="id:1", level=1, confidence="exact", places=0, head_key=b"1", state={}
        )
    assert client_of(world.bob).get(reverse(name), query).status_code in {200, 404}


def test_an_export_of_more_filters_than_are_kept_is_refused(world: World) -> None:
    client: Client = client_of(world.alice)
    query = f"q={'x' * 5_000}&network=foundry"
    asked = client.post(reverse("export_new"), {"listing": "timeline", "format": "csv", "query": query})
    assert asked.status_code == 400
