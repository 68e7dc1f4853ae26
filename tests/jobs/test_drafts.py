"""From a file to a checked job: what headings mean, what is wrong with rows, and what is only worth a warning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.rows import CheckedRow
from portal.jobs import checking
from portal.jobs.checked import checked_row
from portal.jobs.checking import check_next
from portal.jobs.drafts import Undecided, choose_columns, draft_of_file, read_anew, sent_before, start_check
from portal.jobs.edit import UnknownColumn, change_cells, leave_out, put_back
from portal.jobs.models import Job, Row
from portal.jobs.problems import FOUND, found, shown
from portal.jobs.states import StateRefused
from portal.jobs.submit import BadRows, NothingToSend, submit
from portal.jobs.typed import with_cells
from portal.lib.scope import network_scope
from portal.lib.tabular.errors import NotATable
from portal.trail.models import Entry
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.world import World

pytestmark = pytest.mark.django_db

STOCK, TASK, PARTS, RELOCATE = "replaceSparePartStock", "scheduleTask", "createSpareParts", "relocateSpareParts"


class Desk:
    """Where Bob prepares files for the foundry."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.place, self.network = world.foundry, world.foundry.network

    def draft(self, content: str | bytes, operation: str = STOCK, name: str = "stock.csv") -> Job:
        path = self.folder / uuid4().hex
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return draft_of_file(self.network, operation, path, file_name=name, actor=self.world.bob, now=timezone.now())

    def check(self, job: Job) -> Job:
        with network_scope(self.network.id):
            start_check(self.network, job.id)
        while check_next(self.network.id):
            pass
        return self.job(job)

    def checked(self, content: str | bytes, operation: str = STOCK) -> Job:
        return self.check(self.draft(content, operation))

    def job(self, job: Job) -> Job:
        with network_scope(self.network.id):
            return Job.objects.get(network_id=self.network.id, id=job.id)

    def rows(self, job: Job) -> list[Row]:
        with network_scope(self.network.id):
            return list(Row.objects.filter(network_id=self.network.id, job_id=job.id).order_by("number"))

    def said(self, job: Job) -> dict[int, list[tuple[str, str]]]:
        return {
            row.number: [(each["column"], each["code"]) for each in [*row.problems, *row.warnings]]
            for row in self.rows(job)
            if row.problems or row.warnings
        }

    def hears(self, events: Iterable[dict[str, Any]]) -> None:
        raws = [json.dumps(event).encode() for event in events]
        with network_scope(self.network.id):
            store_past(
                self.network.id,
                [PastRequest(timezone.now(), raw, {"X-MW-Signature": self.place.header(raw)}) for raw in raws],
            )
        process_waiting(self.network.id, limit=100)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path)


def consumed(reference: str, left: int, *, location: str = "Store", ago: int = 0, native: str = "") -> dict[str, Any]:
    return {
        "_event": "SparePartWasConsumed",
        "emittedAt": (timezone.now() - timedelta(minutes=ago)).isoformat(),
        "sparePart": {"id": native or reference.lower(), "externalReference": reference, "name": "Bearing"},
        "location": {"id": location, "name": location},
        "initiator": {"userId": "7", "firstName": "A", "lastName": "B"},
        "consumed": {"quantity": 1, "previousStock": left + 1},
    }


def item(reference: str, quantity: int) -> dict[str, Any]:
    return {"id": {"type": "externalReference", "value": reference}, "quantity": quantity}


def test_a_file_is_kept_read_checked_and_submitted(desk: Desk) -> None:
    job = desk.draft("reference;nouveau stock\r\nROUL-1;12\r\nROUL-2;7\r\n".encode("cp1252"))
    assert (job.state, job.columns, job.file_format["delimiter"]) == ("draft", ["id", "quantity"], ";")
    job = desk.check(job)
    assert (job.state, job.rows, job.checked_rows) == ("checked", 2, 2)
    first = desk.rows(job)[0]
    assert (first.number, first.state, first.item, first.cells) == (2, "ready", item("ROUL-1", 12), None)
    with network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=False, actor=desk.world.bob, now=timezone.now())
    assert desk.job(job).state == "queued"
    with pytest.raises(StateRefused), network_scope(desk.network.id):
        start_check(desk.network, job.id)


def test_every_error_is_named_at_once_in_its_cell(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,12\n,twelve\nA-3,-1\nA-4,\n")
    assert desk.said(job) == {
        3: [("id", "required"), ("quantity", "integer")],
        4: [("quantity", "min")],
        5: [("quantity", "required")],
    }
    rows = desk.rows(job)
    assert [row.state for row in rows] == ["ready", "invalid", "invalid", "invalid"]
    assert rows[1].cells == {"id": "", "quantity": "twelve"}
    assert shown(rows[1].problems[1]).text == "“twelve” is no whole number. Write digits only, like 12."
    with pytest.raises(BadRows) as refused, network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=False, actor="test", now=timezone.now())
    assert refused.value.count == 3
    with network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=True, actor="test", now=timezone.now())
    assert [row.state for row in desk.rows(job)] == ["queued", "held", "held", "held"]


def test_nothing_good_is_nothing_to_send(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,x\n")
    with pytest.raises(NothingToSend), network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=True, actor="test", now=timezone.now())
    assert desk.job(job).state == "checked"


def test_a_line_that_cannot_be_read_is_a_row_with_an_error(desk: Desk) -> None:
    job = desk.checked(b"id,quantity\nA-1,1\nA-2,2,three\nA-3,3\n")
    assert job.rows == 3
    assert desk.said(job) == {3: [("", "TooManyCells")]}


def test_a_file_that_breaks_off_goes_back_to_the_person(desk: Desk) -> None:
    job = desk.checked('id,quantity\nA-1,1\nA-2,"2\nA-3,3\n')
    assert (job.state, [remark["code"] for remark in job.remarks]) == ("draft", ["UnclosedQuote"])
    assert desk.rows(job) == []
    read_anew(desk.network, job.id, {"quote": "'"})
    job = desk.check(job)
    assert (job.state, job.remarks[0]["code"]) == ("checked", "nothing_seen")
    assert desk.said(job) == {3: [("quantity", "integer")]}


def test_two_values_for_one_part_are_an_error_in_every_row_of_it(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,1\nA-1,1\nB-2,5\nA-1,2\nB-2,5\nC-3,9\n")
    assert desk.said(job) == {
        2: [("id", "double")],
        3: [("id", "double")],
        5: [("id", "double")],
        6: [("id", "same_again")],
    }
    rows = {row.number: row for row in desk.rows(job)}
    assert [rows[number].problems[0]["params"]["row"] for number in (2, 3, 5)] == [5, 5, 2]
    assert rows[2].item is None
    assert rows[2].cells == {"id": "A-1", "quantity": "1"}
    assert (rows[6].state, rows[6].item) == ("ready", item("B-2", 5))


def test_two_creations_of_one_name_are_a_warning(desk: Desk) -> None:
    head = "externalReference,name,unitPrice,stock.quantity\n"
    job = desk.checked(head + "A-1,Bearing,3.50,1\nA-1,Bearing,3.50,1\n", PARTS)
    assert desk.said(job) == {3: [("externalReference", "double_created")]}
    assert {row.state for row in desk.rows(job)} == {"ready"}


def test_what_no_event_named_is_a_warning_once_any_was_named(desk: Desk) -> None:
    assert desk.said(desk.checked("id,quantity\nA-1,1\n")) == {}
    desk.hears([consumed("A-1", 4)])
    job = desk.checked("id,quantity\nA-1,4\nA-2,1\n")
    assert desk.said(job) == {3: [("id", "never_seen")]}
    assert job.remarks == []
    created = desk.checked("externalReference,name,unitPrice,stock.quantity\nA-1,Bearing,3.50,1\n", PARTS)
    assert desk.said(created) == {2: [("externalReference", "seen_before")]}


def test_levels_far_off_what_was_last_seen_are_warned_of(desk: Desk) -> None:
    desk.hears([consumed("A-1", 40, ago=9), consumed("A-1", 30, ago=3), consumed("A-2", 50), consumed("A-3", 5)])
    desk.hears([consumed("B-1", 30, location="Store"), consumed("B-1", 2, location="Annex")])
    job = desk.checked("id,quantity\nA-1,300\nA-2,5\nA-3,0\nB-1,900\n")
    assert desk.said(job) == {
        2: [("quantity", "far_more")],
        3: [("quantity", "far_less")],
        4: [("quantity", "to_zero")],
        5: [("quantity", "far_more")],  # at two locations: the level of the whole part counts
    }
    assert desk.rows(job)[0].warnings[0]["params"] == {"times": 10, "known": 30}


def test_a_level_below_the_minimum_that_an_alert_named_is_warned_of(desk: Desk) -> None:
    alert = {
        "_event": "SparePartStockWasUnderMinThreshold",
        "_date": (timezone.now() - timedelta(hours=3)).isoformat(),
        "stock": {"quantity": 3, "minimumStock": 8},
        "sparePart": {"id": "a-1", "externalReference": "A-1", "name": "Bearing"},
        "movement": {"quantity": 1, "previousStock": 4},
    }
    desk.hears([alert, consumed("A-1", 20)])
    job = desk.checked("id,quantity\nA-1,7\n")
    assert desk.said(job) == {2: [("quantity", "below_minimum")]}
    assert shown(desk.rows(job)[0].warnings[0]).text == "The stock falls below its minimum of 8; last seen: 20."
    assert desk.said(desk.checked("id,quantity\nA-1,8\n")) == {}


def test_a_reference_that_several_parts_share_is_warned_of(desk: Desk) -> None:
    desk.hears([consumed("A-1", 40, native="1"), consumed("A-1", 30, native="2")])
    job = desk.checked("id,quantity\nA-1,300\n")
    assert desk.said(job) == {2: [("id", "several")]}


def test_an_event_that_names_a_part_by_its_reference_only_makes_no_second_part(desk: Desk) -> None:
    by_reference = consumed("A-1", 30)
    del by_reference["sparePart"]["id"]
    desk.hears([consumed("A-1", 40, native="1"), by_reference])
    assert desk.said(desk.checked("id,quantity\nA-1,35\n")) == {}


def test_a_relocation_says_that_all_of_it_moves(desk: Desk) -> None:
    job = desk.checked("sparePartId,source.locationName,target.locationName\nA-1,Store,Annex\n", RELOCATE)
    assert "moves_everything" in {remark["code"] for remark in job.remarks}


def test_headings_wait_for_a_person_and_are_remembered(desk: Desk) -> None:
    content = "Réf,Menge,Bemerkung\nA-1,4,x\n"
    job = desk.draft(content)
    assert job.columns == ["id", None, None]
    with pytest.raises(Undecided), network_scope(desk.network.id):
        start_check(desk.network, job.id)
    with network_scope(desk.network.id):
        choose_columns(desk.network, job.id, ["id", "quantity", ""], identifier_types={}, now=timezone.now())
    assert desk.check(job).state == "checked"
    assert desk.draft(content).columns == ["id", "quantity", ""]
    elsewhere = desk.folder / "elsewhere"
    elsewhere.write_text(content)
    other = draft_of_file(
        desk.world.annex.network, STOCK, elsewhere, file_name="x.csv", actor="test", now=timezone.now()
    )
    assert other.columns == ["id", None, None], "what was chosen on one network says nothing on another"


def test_two_headings_of_one_meaning_wait_for_a_person(desk: Desk) -> None:
    job = desk.draft("reference,sku,quantity\nA-1,A-1,4\n")
    assert job.columns == [None, None, "quantity"]


def test_a_picture_is_no_table(desk: Desk) -> None:
    with pytest.raises(NotATable):
        desk.draft(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    with network_scope(desk.network.id):
        assert not Job.objects.exists()


def test_the_same_rows_again_are_found(desk: Desk) -> None:
    first = desk.checked("id,quantity\nA-1,1\n")
    second = desk.checked("reference;stock\nA-1;1\n")
    third = desk.checked("id,quantity\nA-1,2\n")
    with network_scope(desk.network.id):
        assert [job.id for job in sent_before(second)] == []
        submit(desk.network, first.id, send_good=False, actor="test", now=timezone.now())
        assert [job.id for job in sent_before(second)] == [first.id]
        assert [job.id for job in sent_before(third)] == []


def test_a_check_that_was_cut_off_begins_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    job = desk.draft("id,quantity\n" + "".join(f"A-{number},1\n" for number in range(5)))
    with network_scope(desk.network.id):
        start_check(desk.network, job.id)
    real, stored = checking._store, []

    def dies(*values: Any) -> None:
        if stored:
            raise KeyboardInterrupt
        stored.append(real(*values))

    monkeypatch.setattr(checking, "_store", dies)
    with pytest.raises(KeyboardInterrupt):
        check_next(desk.network.id)
    monkeypatch.setattr(checking, "_store", real)
    assert len(desk.rows(job)) == 2
    assert not check_next(desk.network.id), "its lease still runs"
    with network_scope(desk.network.id):
        Job.objects.update(check_lease_until=timezone.now() - timedelta(seconds=1))
    assert check_next(desk.network.id)
    assert (desk.job(job).state, len(desk.rows(job))) == ("checked", 5)


def test_whoever_lost_the_lease_writes_nothing_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK", 2)
    job = desk.draft("id,quantity\n" + "".join(f"A-{number},1\n" for number in range(5)))
    with network_scope(desk.network.id):
        start_check(desk.network, job.id)
    real = checking._store

    def overtaken(*values: Any) -> None:
        with network_scope(desk.network.id):
            Job.objects.update(check_token=uuid4())
        real(*values)

    monkeypatch.setattr(checking, "_store", overtaken)
    check_next(desk.network.id)
    assert (desk.job(job).state, len(desk.rows(job))) == ("checking", 0)


def test_odd_characters_of_a_bad_row_are_kept_in_a_form_that_the_database_takes(desk: Desk) -> None:
    def check(cells: dict[str, str]) -> CheckedRow:
        return CheckedRow(None)

    row = checked_row(2, {"id": "a\ud800b\x00c 😀"}, check)
    row.problems = [found("same_row", row=1)]
    assert json.loads(row.values[3]) == {"id": "a?b?c 😀"}


def test_every_sentence_of_what_is_found_can_be_filled_in(desk: Desk) -> None:
    params: dict[str, Any] = dict.fromkeys(("row", "count", "times", "known", "minimum"), 3)
    params |= dict.fromkeys(("identity", "value", "heading", "kinds", "change", "then"), "x")
    for language in ("en", "fr"):
        with translation.override(language):
            for code in FOUND:
                assert "{" not in shown(found(code, **params)).text


def test_operations_say_what_they_name_anew(desk: Desk) -> None:
    assert {name: operation.creates for name, operation in OPERATIONS.items() if operation.creates} == {
        "createSpareParts": ("externalReference",),
        "updateSpareParts": ("externalReference",),
        "createEquipments": ("itemCode",),
        "updateEquipments": ("itemCode",),
        "createLocations": ("name",),
    }


def change(desk: Desk, job: Job, number: int, **cells: str) -> Row:
    return with_cells(
        job,
        lambda typed: change_cells(
            desk.network, job.id, number, cells, typed=typed, actor=desk.world.bob, now=timezone.now()
        ),
    )


def test_a_cell_is_mended_in_place(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,x\nA-2,y\n")
    row = change(desk, job, 2, quantity="7")
    assert (row.state, row.problems, row.item) == ("ready", [], item("A-1", 7))
    assert change(desk, job, 3, quantity="z").problems[0]["params"]["value"] == "z"
    with network_scope(desk.network.id):
        entry = Entry.objects.filter(action="job_row_changed").order_by("id").first()
        assert entry is not None
        assert entry.details == {"row": 2, "before": {"quantity": "x"}, "after": {"quantity": "7"}}
    with pytest.raises(UnknownColumn):
        change(desk, job, 2, nothing="7")


def test_mending_one_of_two_mends_the_other(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,1\nA-1,2\nB-1,3\n")
    assert change(desk, job, 3, id="A-2").state == "ready"
    assert desk.said(job) == {}
    assert [row.state for row in desk.rows(job)] == ["ready"] * 3
    change(desk, job, 3, id="B-1")
    assert desk.said(job) == {3: [("id", "double")], 4: [("id", "double")]}
    assert desk.rows(job)[2].cells == {"id": "B-1", "quantity": "3"}, "read from the file again"


def test_rows_are_left_out_and_put_back(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,1\nA-1,2\nB-1,x\n")
    network, now = desk.network, timezone.now()
    assert with_cells(job, lambda typed: leave_out(network, job.id, [2, 4], typed=typed, actor="test", now=now)) == 2
    assert [row.state for row in desk.rows(job)] == ["left_out", "ready", "left_out"]
    network, now = desk.network, timezone.now()
    assert with_cells(job, lambda typed: put_back(network, job.id, [2, 4], typed=typed, actor="test", now=now)) == 2
    assert [row.state for row in desk.rows(job)] == ["invalid"] * 3
    assert desk.said(job) == {2: [("id", "double")], 3: [("id", "double")], 4: [("quantity", "integer")]}


def test_what_is_submitted_is_changed_no_more(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA-1,1\n")
    with network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=False, actor="test", now=timezone.now())
    with pytest.raises(StateRefused):
        change(desk, job, 2, quantity="7")


def test_the_same_task_twice_is_a_warning_also_where_its_first_columns_are_empty(desk: Desk) -> None:
    head = "allDay,equipment,description,startDateTime,endDateTime,assignees\n"
    row = ",PRESS-1,Grease the press,2030-01-07 08:00,2030-01-07 10:00,anna@example.com\n"
    job = desk.checked(head + row + row, TASK)
    assert [row.warnings[-1]["code"] for row in desk.rows(job) if row.warnings] == ["same_row"]


def test_what_a_file_means_is_not_changed_under_checked_rows(desk: Desk) -> None:
    job = desk.draft("id,a,b\nA-1,1,2\n")
    for chosen in (["id", "quantity", ""], ["id", "", "quantity"]):
        with network_scope(desk.network.id):
            choose_columns(desk.network, job.id, chosen, identifier_types={}, now=timezone.now())
        assert desk.job(job).state == "draft"
        with pytest.raises(StateRefused), network_scope(desk.network.id):
            submit(desk.network, job.id, send_good=False, actor="test", now=timezone.now())
        desk.check(job)
    assert desk.rows(job)[0].item == item("A-1", 2)
    read_anew(desk.network, job.id, {"delimiter": ","})
    assert desk.job(job).state == "draft"


def test_a_cell_that_spells_an_escape_is_kept_as_it_is(desk: Desk) -> None:
    job = desk.checked("id,quantity\nA\\u0000\\ud800,x\n")
    assert desk.rows(job)[0].cells == {"id": "A\\u0000\\ud800", "quantity": "x"}
    assert change(desk, job, 2, quantity="\0").cells == {"id": "A\\u0000\\ud800", "quantity": "?"}
