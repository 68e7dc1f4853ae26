"""Count sheets: they upload again without a question, and a part that moved meanwhile is never set unasked."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from portal.jobs.checking import check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.jobs.models import Job, Row
from portal.jobs.states import RowState
from portal.jobs.submit import BadRows, MovedMeanwhile, submit
from portal.lib.scope import network_scope
from portal.trail.models import Entry
from tests.explore.stockroom import at, consumed, restocked, tell
from tests.explore.test_stock_pages import client_of
from tests.world import World

pytestmark = pytest.mark.django_db

MADE = at(60)


def sheet(client: Client, kind: str = "csv", **filters: str) -> bytes:
    with time_machine.travel(MADE, tick=False):
        answer = client.post(reverse("stock_sheet", args=["foundry", kind]), filters)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def checked(world: World, content: bytes, folder: Path, kind: str = "csv") -> Job:
    """Upload a sheet as it is and let it be checked; nothing is said of its columns."""
    path = folder / f"sheet.{kind}"
    path.write_bytes(content)
    network = world.foundry.network
    job = draft_of_file(
        network, "replaceSparePartStock", path, file_name=path.name, actor=world.bob, now=timezone.now()
    )
    with network_scope(network.id):
        start_check(network, job.id)
    while check_next(network.id):
        pass
    with network_scope(network.id):
        return Job.objects.get(id=job.id)


def row_of(world: World, job: Job, number: int) -> Row:
    with network_scope(world.foundry.network.id):
        return Row.objects.get(job_id=job.id, number=number)


def act(world: World, job: Job, number: int, what: str, **cells: str) -> Row:
    address = reverse("job_row", args=["foundry", job.id, number])
    assert client_of(world.bob).post(address, {"act": what, **cells}).status_code == 302
    return row_of(world, job, number)


def send(world: World, job_id: UUID, *, send_good: bool = False) -> Job:
    with network_scope(world.foundry.network.id):
        return submit(world.foundry.network, job_id, send_good=send_good, actor=world.bob, now=timezone.now())


@pytest.fixture
def stock(world: World) -> World:
    tell(world.foundry, *(consumed(number, 1, 11, minutes=number) for number in (1, 2, 3)))
    return world


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sheet_uploads_again_as_it_is(stock: World, tmp_path: Path, kind: str, language: str) -> None:
    type(stock.bob).objects.filter(id=stock.bob.id).update(language=language)
    client = client_of(stock.bob)
    client.cookies["django_language"] = language
    content = sheet(client, kind, q="part")
    job = checked(stock, content, tmp_path, kind)
    assert job.state == "checked" and job.columns == ["id", "quantity", "", ""]
    with network_scope(stock.foundry.network.id):
        rows = list(Row.objects.filter(job_id=job.id).order_by("number"))
        assert [row.item for row in rows] == [
            {"id": {"type": "external_reference", "value": f"REF-{number}"}, "quantity": 10} for number in (1, 2, 3)
        ] or [row.item["quantity"] for row in rows] == [10, 10, 10]
        assert {row.state for row in rows} == {RowState.READY}
        assert Entry.objects.filter(action="count_sheet_made").exists()
    if kind == "xlsx":
        first = openpyxl.load_workbook(BytesIO(content)).active
        assert first is not None and "2026-03-02 13:00:00 UTC" in str(first["D1"].value)
    else:
        assert "2026-03-02 13:00:00 UTC" in content.decode("utf-8-sig")


def test_the_sheet_has_the_parts_of_the_view_that_a_reference_names(stock: World) -> None:
    twin = consumed(7, 1, 5, minutes=7, reference="TWIN")
    tell(stock.foundry, twin, consumed(8, 1, 5, minutes=8, reference="TWIN"))
    lines = sheet(client_of(stock.bob), q="part").decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ['"REF-1"', '"REF-2"', '"REF-3"']
    assert len(sheet(client_of(stock.bob), q="ref-2").decode().splitlines()) == 2
    assert client_of(stock.audrey).post(reverse("stock_sheet", args=["foundry", "csv"])).status_code == 403
    assert client_of(stock.bob).get(reverse("stock_sheet", args=["foundry", "csv"])).status_code == 405
    page = client_of(stock.bob).get("/stock/?network=foundry").content.decode()
    assert "Count sheet" in page
    assert "Count sheet" not in client_of(stock.audrey).get("/stock/?network=foundry").content.decode()


def test_what_a_sheet_lacks_is_said(stock: World) -> None:
    twin = consumed(7, 1, 5, minutes=7, reference="TWIN")
    tell(stock.foundry, twin, consumed(8, 1, 5, minutes=8, reference="TWIN"))
    client = client_of(stock.bob)
    sheet(client)
    assert "lacks 2 parts that have no reference of their own" in client.get("/stock/").content.decode()
    assert "lacks" not in client.get("/stock/").content.decode()
    with network_scope(stock.foundry.network.id):
        details = Entry.objects.get(action="count_sheet_made").details
    assert (details["rows"], details["left_out"]) == (3, 2)


def test_a_sheet_is_bounded_for_somebody_waits_for_it(stock: World, settings: Any) -> None:
    settings.PORTAL_SHEET_MAX_PARTS = 2
    client = client_of(stock.bob)
    for kind in ("csv", "xlsx"):
        answer = client.post(reverse("stock_sheet", args=["foundry", kind]), {"q": "part"}, follow=True)
        assert "at most 2 parts" in answer.content.decode()
    assert sheet(client, q="part 1")
    with network_scope(stock.foundry.network.id):
        assert Entry.objects.filter(action="count_sheet_made").count() == 1


def test_a_part_that_moved_is_held_until_somebody_chooses(stock: World, tmp_path: Path) -> None:
    content = sheet(client_of(stock.bob))
    # Before the sheet was made, and after it.
    tell(stock.foundry, consumed(1, 1, 11, minutes=-9), restocked(2, 4, 10, minutes=61), consumed(2, 1, 14, minutes=62))
    tell(stock.foundry, consumed(3, 2, 10, minutes=70))
    job = checked(stock, content, tmp_path)
    assert [row_of(stock, job, number).state for number in (2, 3, 4)] == ["ready", "invalid", "invalid"]
    page = client_of(stock.bob).get(reverse("job_check", args=["foundry", job.id])).content.decode()
    assert "2 movements since the sheet was made (+3)" in page and "Make it 13" in page and "Make it 8" in page
    with pytest.raises(BadRows):
        send(stock, job.id)
    kept, rebased = act(stock, job, 3, "keep"), act(stock, job, 4, "rebase")
    assert (kept.state, kept.item["quantity"]) == ("ready", 10)
    assert (rebased.state, rebased.item["quantity"]) == ("ready", 8)
    sent = send(stock, job.id)
    assert sent.state == "queued"
    with network_scope(stock.foundry.network.id):
        assert Entry.objects.filter(action__in=["job_count_kept", "job_row_changed"]).count() == 2


def test_what_moves_between_the_check_and_the_sending_is_held_too(stock: World, tmp_path: Path) -> None:
    content = sheet(client_of(stock.bob))
    tell(stock.foundry, consumed(2, 1, 10, minutes=62))
    job = checked(stock, content, tmp_path)
    act(stock, job, 3, "keep")
    # The weighed part moves once more, and one of which nothing was said before.
    tell(stock.foundry, consumed(2, 1, 9, minutes=63), consumed(3, 1, 10, minutes=64))
    client = client_of(stock.bob)
    with network_scope(stock.foundry.network.id):
        seen = Job.objects.get(id=job.id).revision
    answer = client.post(reverse("job_send", args=["foundry", job.id]), {"seen": seen}, follow=True).content.decode()
    assert "the parts of 2 rows have moved since the check" in answer
    states = [row_of(stock, job, number).state for number in (2, 3, 4)]
    assert states == ["ready", "invalid", "invalid"], "the marks stay, though nothing was sent"
    again = row_of(stock, job, 3)
    assert again.problems[0]["params"]["times"] == 1 and again.problems[0]["params"]["then"] == 9
    assert row_of(stock, job, 4).cells == {"id": "REF-3", "quantity": "10"}
    act(stock, job, 4, "leave-out")
    # The good ones may go alone; the other is held back and never sent.
    send(stock, job.id, send_good=True)
    assert [row_of(stock, job, number).state for number in (2, 3, 4)] == ["queued", "held", "left_out"]


def test_an_unknown_quantity_can_be_kept_or_counted_again_but_not_added(stock: World, tmp_path: Path) -> None:
    content = sheet(client_of(stock.bob), q="ref-1")
    cancelled: dict[str, Any] = consumed(1, 1, 10, minutes=61)
    for member in ("consumed", "initiator"):
        del cancelled[member]
    canceled = {"on": at(61).isoformat(), "by": {"userId": "7", "firstName": "A", "lastName": "B"}}
    cancelled |= {"_event": "SparePartConsumptionWasCanceled", "_idempotencyKey": "x", "canceled": canceled}
    tell(stock.foundry, cancelled)
    job = checked(stock, content, tmp_path)
    row = row_of(stock, job, 2)
    assert row.problems[0]["code"] == "moved_unknown"
    assert act(stock, job, 2, "rebase").state == "invalid"
    with translation.override("en"):
        page = client_of(stock.bob).get(reverse("job_check", args=["foundry", job.id])).content.decode()
    assert "Keep the count" in page and "Make it" not in page
    assert act(stock, job, 2, "keep").state == "ready"


def test_an_ordinary_file_is_never_held(stock: World, tmp_path: Path) -> None:
    tell(stock.foundry, consumed(1, 1, 10, minutes=61))
    job = checked(stock, b"id,quantity\nREF-1,4\n", tmp_path)
    assert row_of(stock, job, 2).state == "ready"
    try:
        send(stock, job.id)
    except MovedMeanwhile:
        pytest.fail("only count sheets are held")
