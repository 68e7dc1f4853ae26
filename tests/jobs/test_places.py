"""Whatever is said of a value names its cell as the person's own spreadsheet does, wherever it is read."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from portal.jobs.drafts import choose_columns
from portal.jobs.models import Job
from portal.lib.scope import network_scope
from tests.api.test_routes import Reader, token_for
from tests.jobs.test_again import refusal, send
from tests.jobs.test_drafts import Desk, desk
from tests.jobs.test_pages import bob, text_of
from tests.jobs.test_sending import Vendor, vendor
from tests.world import World

__all__ = ["bob", "desk", "vendor"]
pytestmark = pytest.mark.django_db

# A column that is not sent, a cell of three lines, a blank row, a row of blank cells, and another of three lines.
ODD = 'id,Note,quantity\nA-1,"a\nb\r\nc",12\n\n , ,\nA-2,,seven\nA-3,"x\n\ny",eight\n'


def checked(desk: Desk, content: str | bytes) -> Job:
    """Check a file whose unknown columns are left out."""
    job = desk.draft(content)
    columns = [column or "" for column in job.columns]
    with network_scope(desk.network.id):
        choose_columns(desk.network, job.id, columns, identifier_types={}, now=timezone.now(), remember=False)
    return desk.check(job)


def addresses(client: Client, job: Job) -> list[str]:
    page = client.get(f"/networks/foundry/jobs/{job.id}/check/").content.decode()
    return re.findall(r"<b>([A-Z]+\d+)</b>:", page)


def test_rows_of_text_are_counted_as_a_spreadsheet_does(desk: Desk, bob: Client) -> None:
    """A record is one row, however many lines its cells have; blank rows count."""
    assert addresses(bob, checked(desk, ODD)) == ["C5", "C6"]
    assert addresses(bob, checked(desk, "\n\n" + ODD)) == ["C7", "C8"]  # the heading stands lower
    assert addresses(bob, checked(desk, "sep=,\n" + ODD)) == ["C5", "C6"]  # Excel's own line is no row


def test_cells_of_a_workbook_are_those_that_hold_the_value(desk: Desk, bob: Client, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    wrong = {"D5": "seven", "D9": "eight", "D10": "nine"}
    values = {"B3": "id", "D3": "quantity", "B5": "A-1", "B7": "A-2", "D7": 3, "B9": "A-3", "B10": "A-4\nof two lines"}
    for name, value in (values | wrong).items():
        sheet[name] = value
    book.save(tmp_path / "odd.xlsx")
    job = checked(desk, (tmp_path / "odd.xlsx").read_bytes())
    assert addresses(bob, job) == list(wrong)
    sheet["D9"], sheet["D9"].data_type = "#REF!", "e"
    book.save(tmp_path / "odd.xlsx")
    job = checked(desk, (tmp_path / "odd.xlsx").read_bytes())
    assert "D9 (quantity): the formula gives #REF!" in text_of(bob.get(f"/networks/foundry/jobs/{job.id}/check/"))


def test_what_mobility_work_refuses_is_named_by_its_cell(desk: Desk, bob: Client, vendor: Vendor, world: World) -> None:
    job = desk.checked("Stock;Part\n12;A-1\n\n7;A-2\nx;A-3\n")
    vendor.answers = [refusal("/1/id/value")]
    job = send(desk, job)
    said = "B4 (Part): Too short: 1 characters, at least 3 are needed."
    address = f"/networks/foundry/jobs/{job.id}/"
    assert said in text_of(bob.get(address))
    results: Any = bob.get(address + "results/")
    rows = list(csv.reader(io.StringIO(b"".join(results.streaming_content).decode("utf-8-sig"))))
    assert [row[4] for row in rows if row[0] == "4"] == [said]
    assert next(row[4] for row in rows if row[0] == "5").startswith("A5 (Stock): “x” is no whole number.")
    rejected = Reader(token_for(world.organization)).items(
        f"networks/foundry/jobs/{job.id}/rows", {"state": "rejected"}
    )
    assert [each["vendorErrors"][0]["cell"] for each in rejected] == ["B4"]


def test_rows_that_were_taken_away_say_where_they_stood_in_which_file(desk: Desk, bob: Client) -> None:
    job = checked(desk, "id,quantity\nA-1,1\nA-2,x\n")
    taken: Any = bob.get(f"/networks/foundry/jobs/{job.id}/bad-rows/")
    content = b"".join(taken.streaming_content)
    assert "quantity (B3 in stock.csv): “x” is no whole number." in content.decode("utf-8-sig")
    # Uploaded again it is a file of its own.
    assert addresses(bob, checked(desk, content)) == ["B2"]


def test_a_form_has_fields_and_no_cells(bob: Client, world: World, vendor: Vendor, desk: Desk) -> None:
    made: Any = bob.post("/networks/foundry/send/replaceSparePartStock/one/", {"cell-id": "A-1", "cell-quantity": "0"})
    job_id = made["Location"].split("/")[-3]
    vendor.answers = [refusal("/0/quantity")]
    send(desk, desk.job(Job(id=job_id)))
    page = text_of(bob.get(f"/networks/foundry/jobs/{job_id}/"))
    assert re.search(r" (\w+ )?[Ss]tock: Too short", page)
    assert not re.search(r"\b[A-Z]1\b", page)
