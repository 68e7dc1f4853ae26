"""Exports: the same filter gives the same slice, whole, for those who may see it, and for nobody else."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import openpyxl
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from portal.exports import write as writing
from portal.exports.background import sweep
from portal.exports.models import Export, ExportPiece
from portal.exports.write import due, remove_expired, write_export
from portal.lib.scope import network_scope, tenant_scope
from portal.lib.tabular.errors import TooManyRowsToWrite
from portal.networks.models import Network
from portal.stock.models import Gap, Part
from portal.tasks.models import Task
from portal.trail.models import Entry
from tests.webhooks.test_drain import body, drain, store
from tests.webhooks.test_projections import arrivals, life
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def client_of(person: Any) -> Client:
    client = Client()
    assert client.login(email=person.email, password=PASSWORD)
    return client


def events(world: World, count: int = 5, **members: Any) -> None:
    place = world.foundry
    store(place, *((NOON + timedelta(minutes=n), body(number=n, **members), {}) for n in range(count)))
    drain(place)


def ask(client: Client, **values: str) -> HttpResponse:
    return client.post("/exports/new/", {"listing": "timeline", "format": "csv", "query": "network=foundry", **values})


def write_all() -> None:
    for key, networks, organizations in due():
        write_export(key, networks, organizations)


def content_of(client: Client, address: str) -> bytes:
    answer = client.post(address + "file/")
    assert answer.status_code == 200
    assert isinstance(answer, StreamingHttpResponse)
    return b"".join(answer.streaming_content)  # type: ignore[arg-type]


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_list_is_asked_for_followed_and_taken(world: World) -> None:
    events(world)
    client = client_of(world.bob)
    answer = ask(client)
    address = answer["Location"]
    assert "Waiting" in client.get(address).content.decode()
    assert client.post(address + "file/").status_code == 404
    write_all()
    page = client.get(address, headers={"HX-Request": "true"})
    assert page.status_code == 286
    assert "Download" in page.content.decode()
    rows = rows_of(content_of(client, address))
    assert [row["Position"] for row in rows] == ["5", "4", "3", "2", "1"]
    assert rows[0]["Occurred"] == "2026-03-02T13:04:00+01:00"
    with network_scope(world.foundry.network.id):
        kept = set(Entry.objects.filter(actor=world.bob.email).values_list("action", flat=True))
    assert {"export_asked", "export_downloaded"} <= kept
    assert "Timeline" in client.get("/exports/").content.decode()


def test_what_is_recorded_after_the_order_is_no_part_of_it(world: World) -> None:
    events(world, 3)
    client = client_of(world.bob)
    address = ask(client)["Location"]
    store(world.foundry, (NOON - timedelta(days=1), body(late=True), {}))
    drain(world.foundry)
    write_all()
    assert len(rows_of(content_of(client, address))) == 3


def test_a_sheet_has_moments_that_can_be_sorted_by_the_clock_of_the_site_and_the_lists_name(world: World) -> None:
    events(world, 2, _event="TaskWasStarted")
    Network.objects.filter(id=world.foundry.network.id).update(time_zone="Europe/Paris")
    client = client_of(world.bob)
    addresses = {kind: ask(client, format=kind)["Location"] for kind in ("xlsx", "csv", "jsonl")}
    write_all()
    sheet = openpyxl.load_workbook(io.BytesIO(content_of(client, addresses["xlsx"]))).active
    assert sheet is not None and sheet.title == "Timeline"
    told = rows_of(content_of(client, addresses["csv"]))[0]["Occurred"]
    cell = sheet["B2"]
    assert cell.is_date and cell.value == datetime.fromisoformat(told).replace(tzinfo=None)
    assert sheet["B1"].comment is not None and sheet["B1"].comment.text == "Times in Europe/Paris"
    line = json.loads(content_of(client, addresses["jsonl"]).splitlines()[0])
    assert line["occurred_at"] == told
    assert line["type"] == "TaskWasStarted" and isinstance(line["marks"], list)
    assert "" not in line.values()


def test_the_filters_of_the_page_are_those_of_the_file(world: World) -> None:
    events(world, 3, text="bearing")
    events(world, 2, text="belt")
    client = client_of(world.bob)
    address = ask(client, query="network=foundry&q=belt&before=abc", format="jsonl")["Location"]
    write_all()
    lines = [json.loads(line) for line in content_of(client, address).splitlines()]
    assert len(lines) == 2
    assert lines[0]["network"] == "foundry"


def test_all_chunks_are_written_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.exports.log_rows.AT_ONCE", 3)
    monkeypatch.setattr(writing, "PIECE", 100)
    monkeypatch.setattr(writing, "PROGRESS_ROWS", 2)
    events(world, 10)
    client = client_of(world.bob)
    address = ask(client)["Location"]
    write_all()
    assert [row["Position"] for row in rows_of(content_of(client, address))] == [str(n) for n in range(10, 0, -1)]


def test_excel_is_read_as_numbers_and_text_that_calculates_nothing(world: World) -> None:
    raw = {
        "_event": "SparePartWasConsumed", "emittedAt": "2026-03-02T12:00:00+00:00",
        "sparePart": {"id": "7", "name": "=HYPERLINK(1)"}, "consumed": {"quantity": 2, "previousStock": 9},
    }  # fmt: skip
    store(world.foundry, (NOON, json.dumps(raw).encode(), {}))
    drain(world.foundry)
    client = client_of(world.bob)
    addresses = {kind: ask(client, format=kind)["Location"] for kind in ("xlsx", "csv")}
    write_all()
    sheet = openpyxl.load_workbook(io.BytesIO(content_of(client, addresses["xlsx"]))).active
    assert sheet is not None
    heading, row = ([cell.value for cell in cells] for cells in sheet.iter_rows())
    values = dict(zip(heading, row, strict=True))
    assert (values["Stock before"], values["Stock after"]) == (9, 7)
    assert all(cell.data_type != "f" for cells in sheet.iter_rows() for cell in cells)
    assert "=HYPERLINK" in rows_of(content_of(client, addresses["csv"]))[0]["What happened"]


def test_an_excel_file_over_its_rows_is_refused_and_csv_offered(world: World) -> None:
    events(world, 2)
    client = client_of(world.bob)
    address = ask(client, format="xlsx")["Location"]
    with patch.object(writing, "write_xlsx", side_effect=TooManyRowsToWrite(limit=1)):
        write_all()
    page = client.get(address).content.decode()
    assert "Export it as CSV" in page
    assert "Export as CSV" in page


def test_nobody_else_sees_an_export(world: World) -> None:
    events(world)
    address = ask(client_of(world.alice), query="")["Location"]
    write_all()
    for person in (world.bob, world.audrey, world.charlie):
        client = client_of(person)
        assert client.get(address).status_code == 404
        assert client.post(address + "file/").status_code == 404
        assert "Ready" not in client.get("/exports/").content.decode()
    assert Export.objects.count() == 0  # no scope, nothing seen
    assert ExportPiece.objects.count() == 0
    with network_scope(world.foundry.network.id):  # one of its networks is not enough
        assert Export.objects.count() == 0


def test_a_network_of_others_cannot_be_asked_for(world: World) -> None:
    assert ask(client_of(world.charlie)).status_code == 404
    assert ask(client_of(world.bob), listing="secrets").status_code == 400
    assert ask(client_of(world.bob), format="exe").status_code == 400


def test_an_export_whose_worker_died_is_begun_anew_and_given_up_in_the_end(world: World) -> None:
    events(world)
    client = client_of(world.bob)
    address = ask(client)["Location"]
    scope = tenant_scope(networks=[world.foundry.network.id])
    for _ in range(writing.ATTEMPTS):
        with patch.object(writing, "_store", side_effect=SystemExit), pytest.raises(SystemExit):
            write_all()
        assert due() == []  # its lease runs
        with scope:
            Export.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        scope = tenant_scope(networks=[world.foundry.network.id])
    write_all()
    assert "failed several times" in client.get(address).content.decode()


def test_a_worker_that_was_slow_does_not_spoil_the_work_of_the_next(world: World) -> None:
    events(world)
    client = client_of(world.bob)
    address = ask(client)["Location"]
    original = writing._write_file

    def slow(*args: Any) -> int:
        with tenant_scope(networks=[world.foundry.network.id]):
            Export.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        with patch.object(writing, "_write_file", original):
            write_all()
        return original(*args)

    with patch.object(writing, "_write_file", slow):
        write_all()
    assert len(rows_of(content_of(client, address))) == 5


def test_files_go_after_their_time(world: World) -> None:
    events(world)
    client = client_of(world.bob)
    address = ask(client)["Location"]
    write_all()
    with tenant_scope(networks=[world.foundry.network.id]):
        Export.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert remove_expired() == 1
    assert client.get(address).status_code == 404
    sweep()


def test_a_person_has_few_exports_under_way(world: World, settings: Any) -> None:
    settings.PORTAL_EXPORTS_AT_ONCE = 1
    client = client_of(world.bob)
    ask(client)
    page = client.post(
        "/exports/new/", {"listing": "timeline", "format": "csv", "query": ""}, follow=True
    ).content.decode()
    assert "still being written" in page


@pytest.mark.parametrize(("listing", "column"), [("jobs", "Operation"), ("trail", "Act")])
def test_other_lists(world: World, listing: str, column: str) -> None:
    client = client_of(world.alice)
    address = ask(client, listing=listing, query="")["Location"]
    write_all()
    assert column in content_of(client, address).decode("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize("listing", ["stock", "stock_low", "stock_gaps", "tasks"])
def test_lists_of_the_projections_hold_what_their_pages_show(
    world: World, listing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.exports.stock_rows.AT_ONCE", 4)
    monkeypatch.setattr("portal.exports.chunks.AT_ONCE", 4)
    told = [item for number, item in enumerate(life("exports", 120)) if number % 9]
    store(world.foundry, *arrivals(world.foundry, told))
    drain(world.foundry)
    client = client_of(world.bob)
    address = ask(client, listing=listing, query="network=foundry")["Location"]
    write_all()
    rows = rows_of(content_of(client, address))
    with network_scope(world.foundry.network.id):
        count = {
            "stock": Part.objects.count(),
            "stock_low": Part.objects.filter(below_since__isnull=False).count()
            + Part.objects.filter(below_since=None, out_since__isnull=False).count(),
            "stock_gaps": Gap.objects.filter(closed_by=None).count(),
            "tasks": Task.objects.count(),
        }[listing]
    assert len(rows) == count > 0
    assert {row["Network"] for row in rows} == {"Foundry"}
