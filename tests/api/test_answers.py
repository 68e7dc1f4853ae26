"""The forms in which the read API answers: JSON, CSV, what has not changed, and what cannot be understood."""

from __future__ import annotations

import csv
import io

import pytest

from tests.api.plant import Reader, live, token_for
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(world: World) -> Reader:
    live(world.foundry)
    return Reader(token_for(world.organization))


def test_every_list_answers_as_csv_with_the_same_fields(reader: Reader) -> None:
    part = reader.items("stock")[0]["sparePart"]
    for path in (
        "networks", "events", "networks/foundry/events", "stock", "stock/locations",
        f"networks/foundry/ledger?sparePart={part}",
        "networks/foundry/stock/at?moment=2026-03-03T00:00:00Z", "gaps", "tasks", "jobs", "coverage",
    ):  # fmt: skip
        plain, sheet = reader.get(path), reader.get(path, Accept="text/csv")
        assert sheet["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
        items = plain.json()["items"]
        assert len(rows) == len(items), path
        for row, item in zip(rows, items, strict=True):
            assert list(row) == list(item)
            assert {name: value for name, value in item.items() if isinstance(value, str)}.items() <= row.items()


def test_a_page_of_csv_names_the_next_in_its_header(reader: Reader) -> None:
    answer = reader.get("tasks", {"limit": 1}, Accept="text/csv;q=0.9, application/json;q=0.1")
    assert answer["Content-Type"].startswith("text/csv")
    address = answer["Link"].partition(">")[0].removeprefix("<http://testserver")
    assert reader.get(address).json()["items"] == reader.items("tasks")[1:2]


def test_what_has_not_changed_is_not_sent_again(reader: Reader, world: World) -> None:
    first = reader.get("stock")
    assert first["Cache-Control"] == "private, no-cache"
    again = reader.get("stock", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    live(world.foundry, steps=80)
    assert reader.get("stock", **{"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("events?limit=0", "limit"),
        ("events?limit=501", "limit"),
        ("events?limit=x", "limit"),
        ("events?colour=red", "colour"),
        ("events?limit=1&limit=2", "limit"),
        ("events?type=Nothing", "type"),
        ("events?about=part", "about"),
        ("events?from=yesterday", "from"),
        ("events?cursor=zz", "cursor"),
        ("events?q=%00", "q"),
        ("networks/foundry/events?since=-1", "since"),
        ("networks/foundry/events?since=99999999999999999999", "since"),
        ("networks/foundry/events/0", "position"),
        ("networks/foundry/ledger", "sparePart"),
        ("networks/foundry/stock/at", "moment"),
        ("networks/foundry/stock/at?moment=2026-02-30T00:00:00Z", "moment"),
        ("networks/foundry/jobs/x/rows", "job"),
        ("networks/foundry/jobs/x?colour=red", "colour"),
        ("stock?outOfStock=perhaps", "outOfStock"),
        ("stock?confidence=high", "confidence"),
        ("networks?limit=1", "limit"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(world: World, path: str, name: str) -> None:
    answer = Reader(token_for(world.organization)).get(path)
    assert answer.status_code == 422
    body = answer.json()
    assert body["error"] == "bad_parameters"
    assert [each["name"] for each in body["parameters"]] == [name]


def test_a_form_that_is_not_offered_is_refused(reader: Reader) -> None:
    assert reader.get("events", Accept="application/xml").status_code == 406
    listed = reader.items("events")[0]
    one = f"networks/{listed['network']}/events/{listed['position']}"
    assert reader.get(one, Accept="text/csv").status_code == 406
    assert reader.get(one, Accept="*/*").status_code == 200


def test_an_unknown_address_answers_as_an_api(world: World) -> None:
    answer = Reader(token_for(world.organization)).get("nothing/here")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
