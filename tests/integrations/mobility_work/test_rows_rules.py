"""Rules of single operations: moments of tasks, identifiers, further properties, defaults that must be sent."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.mobility_work.rows import UnknownIdentifierType, row_reader
from integrations.spec import Field, Kind, Operation, Plan
from tests.integrations.mobility_work.test_rows_values import codes, reader, update

UUID = "3F2504E0-4F89-11D3-9A0C-0305E82C3301"
TASK = {
    "equipment": "FOU-IND-03",
    "description": "Vidange",
    "startDateTime": "2026-03-12 08:00",
    "endDateTime": "2026-03-12 10:00",
    "allDay": "no",
    "assignees": "4117",
}


def task(cells: dict[str, str], **context: Any) -> dict[str, Any]:
    checked = reader("scheduleTask", **context).read({**TASK, **cells})
    assert checked.errors == ()
    assert checked.item is not None
    return checked.item


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2026-03-12 08:00", "2026-03-12T08:00:00+01:00"),
        ("2026-03-12T08:00:30", "2026-03-12T08:00:30+01:00"),
        ("12/03/2026 08:00", "2026-03-12T08:00:00+01:00"),
        ("3/4/2026 8h30", "2026-04-03T08:30:00+02:00"),
        ("12.03.2026 08:00", "2026-03-12T08:00:00+01:00"),
        ("2026-03-12T08:00Z", "2026-03-12T08:00:00+00:00"),
        ("2026-03-12 08:00 -0530", "2026-03-12T08:00:00-05:30"),
        ("2026-10-25 02:30+01:00", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_a_moment_is_of_the_networks_zone_unless_it_says_else(typed: str, sent: str) -> None:
    assert task({"startDateTime": typed, "endDateTime": "2026-12-31 10:00"})["startDateTime"] == sent


@pytest.mark.parametrize(
    "typed",
    ["03/25/2026 08:00", "12/03/26 08:00", "2026/03/12", "12-03-2026", "2026-02-30 08:00", "2026-03-12 24:00", "8:00",
     "2026-03-12 08:00+25:00", "20260312", "2026-03-12 08:00 CET", "1/2.2026"],
)  # fmt: skip
def test_other_ways_to_write_a_date_are_refused(typed: str) -> None:
    assert codes("scheduleTask", {**TASK, "startDateTime": typed}) == [("startDateTime", "moment")]


def test_a_local_time_that_is_none_or_two_is_refused() -> None:
    spring = {**TASK, "startDateTime": "2026-03-29 02:30", "endDateTime": "2026-03-29 10:00"}
    assert codes("scheduleTask", spring) == [("startDateTime", "no_such_time")]
    autumn = {**TASK, "startDateTime": "2026-10-25 02:30", "endDateTime": "2026-10-25 10:00"}
    assert codes("scheduleTask", autumn) == [("startDateTime", "ambiguous_time")]


def test_a_date_alone_is_a_whole_day() -> None:
    row = {"startDateTime": "12/03/2026", "endDateTime": "12/03/2026", "allDay": ""}
    sent = task(row)
    assert sent["allDay"] is True
    assert (sent["startDateTime"], sent["endDateTime"]) == ("2026-03-12T00:00:00+01:00", "2026-03-12T23:59:59+01:00")
    assert codes("scheduleTask", {**TASK, **row, "allDay": "non"}) == [
        ("startDateTime", "time_missing"),
        ("endDateTime", "time_missing"),
    ]
    # In Cairo the clocks change at midnight.
    cairo = ZoneInfo("Africa/Cairo")
    spring = task({**row, "startDateTime": "2026-04-24", "endDateTime": "2026-04-24"}, time_zone=cairo)
    assert spring["startDateTime"] == "2026-04-24T01:00:00+03:00"
    autumn = task({**row, "startDateTime": "2026-10-29", "endDateTime": "2026-10-29"}, time_zone=cairo)
    assert autumn["endDateTime"] == "2026-10-29T23:59:59+02:00"


def test_an_end_is_not_before_its_start() -> None:
    assert codes("scheduleTask", {**TASK, "endDateTime": "2026-03-12 07:59"}) == [("endDateTime", "before_start")]
    assert task({"endDateTime": "2026-03-12 08:00"})
    assert task({"startDateTime": "2026-03-12 08:00+01:00", "endDateTime": "2026-03-12 07:30+00:00"})


@pytest.mark.parametrize(
    ("chosen", "typed", "sent"),
    [
        ("", "2507", {"type": "native", "value": 2507}),
        ("", "FOU-03", "FOU-03"),
        ("", UUID, {"type": "native", "value": UUID}),
        ("external", "2507", {"type": "external", "value": "2507"}),
        ("external", "00042", {"type": "external", "value": "00042"}),
        ("native", "2507", {"type": "native", "value": 2507}),
        ("native", '{"type": "external", "value": 42}', {"type": "external", "value": "42"}),
    ],
)  # fmt: skip
def test_an_equipment_is_named_by_the_type_that_is_known(chosen: str, typed: str, sent: object) -> None:
    types = {"equipment": chosen} if chosen else {}
    assert task({"equipment": typed}, identifier_types=types)["equipment"] == sent


def test_digits_that_could_be_a_code_or_an_id_are_refused() -> None:
    assert codes("scheduleTask", {**TASK, "equipment": "00042"}) == [("equipment", "identifier")]
    assert codes("scheduleTask", {**TASK, "equipment": "FOU"}, identifier_types={"equipment": "native"}) == [
        ("equipment", "identifier")
    ]


def test_people_are_named_by_id_or_address() -> None:
    people = task({"assignees": "4117, camille@valdarve.example;\n5"})["assignees"]
    email = {"type": "email", "value": "camille@valdarve.example"}
    assert people == [{"type": "native", "value": 4117}, email, {"type": "native", "value": 5}]
    assert task({"assignees": "[]"})["assignees"] == []
    assert codes("scheduleTask", {**TASK, "assignees": "Camille"}) == [("assignees", "identifier")]


def test_tags_are_sent_plain_unless_a_person_says_what_they_are() -> None:
    assert task({"tags": "$preventive | 312"})["tags"] == ["$preventive", 312]
    chosen = task({"tags": "$preventive | 312"}, identifier_types={"tags": "code"})["tags"]
    assert chosen == [{"type": "code", "value": "$preventive"}, {"type": "code", "value": "312"}]


@pytest.mark.parametrize("types", [{"equipment": "email"}, {"description": "native"}])
def test_a_column_is_not_said_to_hold_what_it_cant(types: dict[str, str]) -> None:
    with pytest.raises(UnknownIdentifierType):
        reader("scheduleTask", identifier_types=types)


def test_our_own_mark_in_the_metadata_is_not_overwritten() -> None:
    assert task({"metadata": '{"workOrder": "OT-1"}'})["metadata"] == {"workOrder": "OT-1"}
    assert codes("scheduleTask", {**TASK, "metadata": '{"portal": 1}'}) == [("metadata", "reserved")]


def test_what_misleads_when_left_out_is_always_sent() -> None:
    assert reader("createEquipments").read({"name": "Four"}).item == {"name": "Four", "private": True}
    assert reader("createEquipments").read({"name": "F", "private": "non"}).item == {"name": "F", "private": False}


def test_further_properties_are_added_but_none_that_has_a_column() -> None:
    further = {"advanced": '{"manufacturer": "SKF", "unitPrice": {"tax": 20}}', "unitPrice": "1"}
    price = {"amount": 100, "currency": "EUR", "tax": 20}
    assert update(further) == {"manufacturer": "SKF", "unitPrice": price}
    for json in ('{"name": "A"}', '{"unitPrice": {"amount": 1}}', '{"unitPrice": 5}', '{"id": "B"}'):
        assert codes("updateSpareParts", {"id": "A-1", "advanced": json}) == [("advanced", "has_column")]
    cleared = {"id": "A-1", "unitPrice": "∅", "advanced": '{"unitPrice": {"tax": 20}}'}
    assert codes("updateSpareParts", cleared) == [("advanced", "has_column")]


def test_a_new_part_needs_four_values() -> None:
    row = {"externalReference": "A-1", "name": "Joint"}
    assert codes("createSpareParts", row) == [("unitPrice", "too_few")]
    assert codes("createSpareParts", {**row, "unitPrice": "1"}) == [("stock.quantity", "too_few")]
    checked = reader("createSpareParts").read({**row, "gtin": "12345678", "advanced": '{"shelf": 1}'})
    assert checked.item == {**row, "gtin": "12345678", "shelf": 1}
    assert codes("createSpareParts", {**row, "unitPrice": "x", "stock.quantity": "y"}) == [
        ("unitPrice", "decimal"),
        ("stock.quantity", "integer"),
    ]


def test_every_error_of_a_row_comes_at_once() -> None:
    row = {"id": "", "quantity": "-1", "colour": "red"}
    assert codes("replaceSparePartStock", row) == [
        ("id", "required"), ("quantity", "min"), ("colour", "unknown_column"),
    ]  # fmt: skip
    row = {**TASK, "description": "x", "endDateTime": "2026-03-01 08:00", "metadata": '{"portal": 1}'}
    assert codes("scheduleTask", row) == [
        ("description", "too_short"), ("metadata", "reserved"), ("endDateTime", "before_start"),
    ]  # fmt: skip


def test_an_error_names_rule_value_and_remedy() -> None:
    checked = reader("updateSpareParts").read({"id": "A", "name": "x", "gtin": "12", "minimumStock": "-1"})
    assert [error.plain() for error in checked.errors] == [
        "Too short: at least 3 characters are needed, here are 1.",
        "Too small: -1. The least is 0.",
        "A GTIN has 8 to 18 digits and nothing else. In a spreadsheet, make the column text.",
    ]


def test_a_choice_is_one_of_those_given() -> None:
    column = Field(
        name="state", label="State", help="…", kind=Kind.CHOICE, path=("state",), choices=("open", "shut"),
    )  # fmt: skip
    operation = Operation(
        name="x", label="X", method="POST", path="/x", plans=frozenset(Plan), bulk_limit=1, retry_safe=False,
        fields=(column,),
    )  # fmt: skip
    check = row_reader(operation, reader("scheduleTask").context)
    assert check.read({"state": "open"}).item == {"state": "open"}
    (error,) = check.read({"state": "ajar"}).errors
    assert (error.column, error.code) == ("state", "choice")
    assert error.plain() == "“ajar” is none of the values allowed: open, shut."
