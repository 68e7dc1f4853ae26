"""Rows that were sent before by another file, another format, or by hand: whoever checks is warned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.lib.tabular import write_xlsx
from tests.jobs.test_again import send
from tests.jobs.test_by_hand import HEAD, ROW
from tests.jobs.test_drafts import TASK, Desk, desk
from tests.jobs.test_pages import bob, text_of
from tests.jobs.test_sending import Vendor, vendor

__all__ = ["bob", "desk", "vendor"]
pytestmark = pytest.mark.django_db

ORDER = (3, 1, 0, 4, 2)  # of the columns in the second file


def tasks(*numbers: int) -> str:
    return HEAD + "".join(ROW.format(number) for number in numbers)


def test_tasks_that_another_file_sent_are_told_of(desk: Desk, vendor: Vendor, bob: Client, tmp_path: Path) -> None:
    first = desk.checked(tasks(1, 2, 3), TASK)
    assert "would be made twice" not in text_of(bob.get(f"/networks/foundry/jobs/{first.id}/check/"))
    vendor.answers = [201, 201, (400, {}, b"{}")]
    send(desk, first)  # the last of the three is refused
    heading, *rows = [line.split(",") for line in tasks(1, 2, 3, 4).splitlines()]
    book = tmp_path / "tasks.xlsx"
    write_xlsx(book, [heading[at] for at in ORDER], [[row[at] for at in ORDER] for row in rows])
    second = desk.checked(book.read_bytes(), TASK)
    page = text_of(bob.get(f"/networks/foundry/jobs/{second.id}/check/"))
    assert "2 rows here were sent before, exactly alike, and would be made twice: stock.csv" in page
    cells = dict(zip(heading, rows[0], strict=True))
    made: Any = bob.post(
        f"/networks/foundry/send/{TASK}/one/", {f"cell-{name}": cell for name, cell in cells.items()}, follow=True
    )
    assert "1 row here was sent before" in text_of(made)


def test_the_same_rows_as_a_whole_are_told_of_once(desk: Desk, vendor: Vendor, bob: Client) -> None:
    send(desk, desk.checked(tasks(1, 2), TASK))
    again = desk.checked(tasks(1, 2), TASK)
    page = text_of(bob.get(f"/networks/foundry/jobs/{again.id}/check/"))
    assert "The same rows were sent before:" in page and "exactly alike" not in page
