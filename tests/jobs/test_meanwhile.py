"""What colleagues do meanwhile: nobody sends rows that they have not seen, and no file is read in a transaction."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.jobs import file_rows
from portal.jobs.edit import change_cells, leave_out
from portal.jobs.models import Job, Row
from portal.jobs.typed import with_cells
from portal.lib.scope import network_scope
from portal.lib.tabular import write_xlsx
from tests.jobs.test_drafts import Desk
from tests.jobs.test_pages import bob, check, job_of, press_send, text_of
from tests.jobs.test_sending import send_all, vendor
from tests.world import World

__all__ = ["bob", "vendor"]
LATE = "Nothing was sent: rows were changed since you opened the check."


def seen_on(page: Any) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page.content.decode())
    assert found
    return found[1]


def colleague_changes(world: World, number: int, quantity: str) -> None:
    job = job_of(world)
    network, cells = world.foundry.network, {"quantity": quantity}
    with_cells(
        job,
        lambda typed: change_cells(
            network, job.id, number, cells, typed=typed, actor="alice@example.com", now=timezone.now()
        ),
    )


@pytest.mark.django_db
def test_rows_that_a_colleague_changed_are_not_sent_unseen(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,7\nA-3,x\n")
    seen = seen_on(bob.get(address + "check/"))
    colleague_changes(world, 3, "700")
    refused: Any = bob.post(address + "send/", {"send_good": "1", "seen": seen}, follow=True)
    assert LATE in text_of(refused) and refused.redirect_chain[-1][0] == address + "check/"
    assert job_of(world).state == "checked"
    # It shows the check as it is now, and that can be sent.
    bob.post(address + "send/", {"send_good": "1", "seen": seen_on(refused)})
    assert job_of(world).state == "queued"


@pytest.mark.django_db
@pytest.mark.parametrize("seen", ["", "0", "x", "99"])
def test_a_send_that_does_not_say_what_it_saw_sends_nothing(bob: Client, world: World, seen: str) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\n")
    assert LATE in text_of(bob.post(address + "send/", {"seen": seen}, follow=True))
    assert job_of(world).state == "checked"


@pytest.mark.django_db
def test_what_a_person_changes_themselves_they_have_seen_and_nothing_else(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,x\nA-2,y\nA-3,z\n")
    seen = seen_on(bob.get(address + "check/"))
    htmx = {"HX-Request": "true"}
    mended = bob.post(address + "rows/2/", {"cell-quantity": "1", "seen": seen}, headers=htmx)
    # A second row is saved while the answer is on its way, with what was seen before it.
    both = bob.post(address + "rows/4/", {"cell-quantity": "3", "seen": seen}, headers=htmx)
    for answer in (mended, both):
        assert "Somebody else changed rows" not in text_of(answer)
    colleague_changes(world, 3, "2")
    again = bob.post(address + "rows/4/", {"cell-quantity": "4", "seen": seen_on(both)}, headers=htmx)
    assert "Somebody else changed rows since you opened this page." in text_of(again)
    assert LATE in text_of(bob.post(address + "send/", {"seen": seen_on(again)}, follow=True))
    sent: Any = press_send(bob, address)
    assert sent["Location"] == address


@pytest.mark.django_db
def test_a_check_of_other_columns_is_another_one(bob: Client, world: World, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    job = desk.checked("id,quantity\nA-1,12\n")
    before = job.revision
    assert desk.check(job).revision > before


@pytest.mark.django_db
def test_a_row_that_was_left_out_meanwhile_says_so_at_the_row(bob: Client, world: World) -> None:
    address = check(bob, world, "id,quantity\nA-1,12\nA-2,seven\n")
    bob.post(address + "rows/3/", {"act": "leave-out"})
    late = bob.post(address + "rows/3/", {"cell-quantity": "7"}, headers={"HX-Request": "true"})
    row = late.content.decode().split("</tr>")[0]
    assert "Row 3 is left out. Put it back before you change it." in row and 'role="alert"' in row
    assert "Put it back before" not in text_of(bob.get(address + "check/"))  # said once, where it belongs
    plain: Any = bob.post(address + "rows/3/", {"cell-quantity": "7"}, follow=True)
    assert "Put it back before" in text_of(plain)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a transaction was open, each time that a file was read."""
    found: list[bool] = []
    real = file_rows.read_rows

    def watched(*args: Any, **kwargs: Any) -> Any:
        found.append(connection.in_atomic_block)
        return real(*args, **kwargs)

    monkeypatch.setattr(file_rows, "read_rows", watched)
    return found


@pytest.mark.django_db(transaction=True)
def test_a_workbook_is_read_outside_of_any_transaction(
    bob: Client, world: World, tmp_path: Path, readings: list[bool], vendor: Any
) -> None:
    path = tmp_path / "book.xlsx"
    write_xlsx(path, ["id", "quantity"], [["A-1", "1"], ["A-2", "2"], ["A-3", "3"], ["A-4", "4"]])
    job = Desk(world, tmp_path).checked(path.read_bytes())
    address = f"/networks/foundry/jobs/{job.id}/"
    readings.clear()
    bob.post(address + "rows/2/", {"act": "leave-out"})
    bob.post(address + "rows/3/", {"cell-quantity": "20"})
    bob.get(address + "checked/")
    with network_scope(world.foundry.network.id):
        rows = {row.number: (row.state, row.cells) for row in Row.objects.all()}
    assert rows[2] == ("left_out", {"id": "A-1", "quantity": "1"})
    assert rows[3] == ("ready", {"id": "A-2", "quantity": "20"})
    errors = {"/0/quantity": [{"messageKey": "error.payload.min", "parameters": {"min": 0}}]}
    vendor.answers = [
        (400, {}, b'{"extended_message": {"property_errors": %s}}' % str(errors).replace("'", '"').encode())
    ]
    press_send(bob, address)
    send_all(world.foundry)
    made: Any = bob.post(address + "go-on/", {"state": "not_sent"})
    with network_scope(world.foundry.network.id):
        rest = Job.objects.exclude(id=job.id).get()
        cells = [row.cells for row in Row.objects.filter(job_id=rest.id).order_by("number")]
    assert made["Location"].endswith(f"{rest.id}/check/")
    assert cells == [{"id": "A-3", "quantity": "3"}, {"id": "A-4", "quantity": "4"}]
    assert len(readings) == 4 and not any(readings)


@pytest.mark.django_db
def test_cells_are_asked_for_once_for_each_row(world: World, tmp_path: Path, readings: list[bool]) -> None:
    desk = Desk(world, tmp_path)
    job = desk.checked("id,quantity\nA-1,1\nA-2,2\nA-3,3\n")
    readings.clear()
    network, now = desk.network, timezone.now()
    assert with_cells(job, lambda typed: leave_out(network, job.id, [2, 3, 4], typed=typed, actor="t", now=now)) == 3
    assert len(readings) == 1
