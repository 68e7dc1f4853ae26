"""Files from the command line, as operators and other programs use it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.jobs.from_file import draft_and_check
from portal.jobs.models import ColumnChoice, Job
from portal.lib.scope import network_scope
from portal.trail.models import Entry
from tests.explore.stockroom import consumed, tell
from tests.explore.test_count_sheets import sheet
from tests.explore.test_stock_pages import client_of
from tests.jobs.test_sending import Vendor, send_all, vendor
from tests.world import World

__all__ = ["vendor"]
pytestmark = pytest.mark.django_db
STOCK = "replaceSparePartStock"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "stock.csv"


def run(name: str, file: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command(name, network="foundry", file=str(file), json=True, stdout=out, **{"operation": STOCK} | options)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_a_file_is_checked_and_nothing_of_it_stays_in_line(world: World, file: Path) -> None:
    file.write_text("Référence;Nouveau stock;Note\nA-1;12;x\nA-2;douze;y\n")
    found = run("check_file", file)
    assert (found["rows"], found["good"]) == (2, 1)
    assert found["columns"] == {"Référence": "id", "Nouveau stock": "quantity", "Note": None}
    assert found["format"]["delimiter"] == ";"
    [error] = found["errors"]
    assert (error["row"], error["column"], error["cell"], error["code"]) == (3, "Nouveau stock", "B3", "integer")
    assert "“douze” is no whole number" in error["message"]
    with network_scope(world.foundry.network.id):
        assert Job.objects.get().state == "cancelled"
        # What nobody chose is not remembered for the next file.
        assert not ColumnChoice.objects.filter(heading="note").exists()


def test_a_file_is_submitted_and_says_what_became_of_it(world: World, file: Path, vendor: Vendor) -> None:
    file.write_text("id,quantity\nA-1,12\nA-2,7\n")
    found = run("submit_job", file)
    assert (found["state"], found["requests"], found["rows"]) == ("queued", 1, {"queued": 2})
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        assert str(Job.objects.get().id) == found["job"]
        assert Entry.objects.get(action="job_submitted").actor == "command line"


def test_bad_rows_send_nothing_unless_the_good_ones_are_asked_for(world: World, file: Path) -> None:
    file.write_text("id,quantity\nA-1,12\nA-2,x\n")
    with pytest.raises(CommandError, match="Nothing was sent: 1 rows have errors") as refused:
        run("submit_job", file)
    assert refused.value.returncode == 2
    assert run("submit_job", file, send_good=True)["rows"] == {"queued": 1, "held": 1}
    with network_scope(world.foundry.network.id):
        assert sorted(Job.objects.values_list("state", flat=True)) == ["cancelled", "queued"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,quantity,colour\nA-1,1,red\n", "not clear what these headings mean: colour"),
        ("id\nA-1\n", "column that every row needs"),
        ("", "This file holds nothing"),
        ('id,quantity\nA-1,"1\n', "a quotation mark"),
        ("id,quantity\nA-1,x\n", "Nothing was sent: 1 rows have errors"),
    ],
)
def test_what_cannot_be_sent_is_said_and_ends_with_2(world: World, file: Path, content: str, said: str) -> None:
    file.write_text(content)
    with pytest.raises(CommandError, match=said) as refused:
        run("submit_job", file)
    assert refused.value.returncode == 2


def counted(world: World, file: Path) -> None:
    """Keep a count sheet of three parts, of which one moved since."""
    tell(world.foundry, *(consumed(number, 1, 11, minutes=number) for number in (1, 2, 3)))
    file.write_bytes(sheet(client_of(world.bob)))
    tell(world.foundry, consumed(2, 4, 10, minutes=90))


def test_a_part_that_moved_since_its_count_is_no_error_of_the_file(world: World, file: Path) -> None:
    counted(world, file)
    with pytest.raises(CommandError) as refused:
        run("submit_job", file)
    said = str(refused.value)
    assert "1 rows are about parts that moved since the count sheet was made" in said and "errors" not in said
    assert "keep the count, add what moved to it, or leave the row out" in said and refused.value.returncode == 2
    file.write_bytes(file.read_bytes() + b"REF-9,x\n")
    with pytest.raises(CommandError, match=r"Nothing was sent: 1 rows have errors.* 1 rows are about parts that moved"):
        run("submit_job", file)
    assert run("submit_job", file, send_good=True)["rows"] == {"queued": 2, "held": 2}


def test_a_part_that_moves_while_the_file_is_checked_is_held_back_too(
    world: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(world, file)

    def then_one_moves(*values: Any, **named: Any) -> Job:
        job = draft_and_check(*values, **named)
        tell(world.foundry, consumed(3, 1, 10, minutes=95 + len(named)))
        return job

    monkeypatch.setattr("portal.jobs.management.commands.submit_job.draft_and_check", then_one_moves)
    with pytest.raises(CommandError, match="moved since the count sheet was made"):
        run("submit_job", file)
    assert run("submit_job", file, send_good=True)["rows"] == {"queued": 1, "held": 2}


def test_networks_and_files_that_are_not_there(world: World, file: Path) -> None:
    with pytest.raises(CommandError, match="is no file"):
        run("check_file", file)
    with pytest.raises(CommandError, match="no network"):
        call_command("check_file", network="nowhere", operation=STOCK, file=str(file))
