"""What people take away of a job: the file as it came and as it was checked, bad rows, results; the trail keeps it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.jobs.models import Confirmation, Job, Row
from portal.lib.scope import network_scope
from portal.lib.tabular import write_xlsx
from portal.trail.models import Entry
from tests.jobs.test_drafts import Desk
from tests.jobs.test_pages import audrey, bob, check, press_send, text_of
from tests.world import World

__all__ = ["audrey", "bob"]
pytestmark = pytest.mark.django_db


def taken(client: Client, address: str) -> list[list[str]]:
    answer: Any = client.get(address)
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_the_checked_file_holds_cells_as_mended_and_marks_what_was_left_out(
    bob: Client, audrey: Client, world: World
) -> None:
    address = check(bob, world, "Part,Stock\nA-1,12\nA-2,seven\nA-3,x\nA-4,y\n")
    bob.post(address + "rows/3/", {"cell-quantity": "7"})
    bob.post(address + "rows/4/", {"act": "leave-out"})
    wanted = [
        ["Part", "Stock", "Reason not sent"],
        ["A-1", "12", ""],
        ["A-2", "7", ""],
        ["A-3", "x", "Left out Stock (B4 in stock.csv): “x” is no whole number. Write digits only, like 12."],
        ["A-4", "y", "Stock (B5 in stock.csv): “y” is no whole number. Write digits only, like 12."],
    ]
    assert taken(audrey, address + "checked/") == wanted
    page = bob.get(address + "check/").content.decode()
    assert address + "checked/" in page
    press_send(bob, address, {"send_good": "1"})
    assert taken(bob, address + "checked/") == wanted
    assert address + "checked/" in audrey.get(address).content.decode()
    with network_scope(world.foundry.network.id):
        entries = Entry.objects.filter(action="job_file_taken").order_by("id")
        assert [(each.actor, each.details["what"]) for each in entries] == [
            ("audrey@example.com", "checked"), ("bob@example.com", "checked"),
        ]  # fmt: skip


def test_the_checked_file_uploads_again_without_a_question(bob: Client, world: World) -> None:
    address = check(bob, world, "Part;Stock\n007;12\n008;x\n")
    bob.post(address + "rows/3/", {"cell-quantity": "8"})
    answer: Any = bob.get(address + "checked/")
    assert answer["Content-Disposition"] == 'attachment; filename="stock-checked.csv"'
    again = check(bob, world, b"".join(answer.streaming_content))
    with network_scope(world.foundry.network.id):
        job = Job.objects.get(id=again.split("/")[-2])
        rows = Row.objects.filter(job_id=job.id).order_by("number")
        assert [row.item["quantity"] for row in rows if row.item] == [12, 8]
    assert job.columns == ["id", "quantity", ""]


def test_every_kind_of_job_has_a_checked_file(bob: Client, world: World, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    path = tmp_path / "book.xlsx"
    write_xlsx(path, ["id", "quantity"], [["A-1", "1"], ["A-2", "x"], ["A-3", "3"]])
    job = desk.checked(path.read_bytes())
    assert [row[:2] for row in taken(bob, f"/networks/foundry/jobs/{job.id}/checked/")] == [
        ["id", "quantity"], ["A-1", "1"], ["A-2", "x"], ["A-3", "3"],
    ]  # fmt: skip
    made: Any = bob.post("/networks/foundry/send/replaceSparePartStock/one/", {"cell-id": "A-1", "cell-quantity": "3"})
    address = made["Location"].removesuffix("check/")
    assert taken(bob, address + "checked/")[1][:2] == ["A-1", "3"]


def test_the_results_hold_the_own_columns_of_the_file_and_the_event_that_proves_a_row(
    bob: Client, world: World, tmp_path: Path
) -> None:
    address = check(bob, world, "Part;New stock\nA-1;12\nA-2;7\nA-3;x\n")
    press_send(bob, address, {"send_good": "1"})
    with network_scope(world.foundry.network.id):
        job = Job.objects.get()
        Confirmation.objects.create(
            network_id=job.network_id, job_id=job.id, number=2, kind="part", key="ref:A-1", position=9,
            verdict="confirmed", occurred_at=datetime(2026, 1, 7, 8, tzinfo=UTC), found_at=timezone.now(),
        )  # fmt: skip
        Row.objects.filter(number=2).update(state="confirmed")
    heading, *rows = taken(bob, address + "results/")
    assert heading == ["Row", "Part", "New stock", "State", "What was said", "Event", "Event at", "Task"]
    assert rows[0] == ["2", "A-1", "12", "Confirmed by an event", "", "9", "2026-01-07 09:00:00", ""]
    assert rows[1] == ["3", "A-2", "7", "In line", "", "", "", ""]
    assert rows[2][:4] == ["4", "A-3", "x", "Held back"] and "is no whole number" in rows[2][4]


@pytest.mark.parametrize("what", ["file", "bad-rows", "results", "checked"])
def test_whoever_takes_a_file_away_is_in_the_trail_and_an_outsider_takes_none(
    bob: Client, audrey: Client, world: World, what: str
) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,x\n")
    taken(audrey, f"{address}{what}/")
    trail = text_of(audrey.get("/trail/?action=job_file_taken"))
    assert "audrey@example.com" in trail and "File of a job taken away" in trail
    outsider = Client()
    outsider.force_login(world.charlie, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert outsider.get(f"{address}{what}/").status_code == 404
    with network_scope(world.foundry.network.id):
        assert Entry.objects.filter(action="job_file_taken").count() == 1
