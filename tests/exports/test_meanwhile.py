"""What moves in its list while it is exported is in the file all the same, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from portal.explore.stock import parts
from portal.explore.stock.filters import StockFilters
from portal.exports import chunks
from portal.lib.scope import network_scope
from tests.explore.stockroom import at, below, consumed, restocked, scheduled, tell
from tests.exports.test_exports import ask, client_of, content_of, rows_of, write_all
from tests.world import World

pytestmark = pytest.mark.django_db
EVERY = 6


def started(task: str, *, minutes: float) -> dict[str, Any]:
    by = {"userId": "7", "firstName": "Mehdi", "lastName": "Benali"}
    return scheduled(task, {}, minutes=minutes) | {
        "_event": "TaskWasStarted", "_idempotencyKey": f"s{task}", "started": {"on": at(minutes).isoformat(), "by": by},
    }  # fmt: skip


def export_while(
    world: World, monkeypatch: pytest.MonkeyPatch, listing: str, happens: Callable[[], None], **query: str
) -> list[dict[str, str]]:
    """Export a list in chunks of two rows; something happens after the first chunk."""
    real = chunks.in_chunks

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        for number, chunk in enumerate(real(*args, **kwargs)):
            if number == 1:
                happens()
            yield chunk

    monkeypatch.setattr(chunks, "AT_ONCE", 2)
    for module in ("stock_rows", "task_rows"):
        monkeypatch.setattr(f"portal.exports.{module}.in_chunks", interrupted)
    client = client_of(world.bob)
    address = ask(client, listing=listing, query=urlencode({"network": "foundry", **query}))["Location"]
    write_all()
    return rows_of(content_of(client, address))


@pytest.mark.parametrize("sort", ["", "quietest", "changed", "waiting"])
def test_a_task_that_gets_an_event_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    place = world.foundry
    tell(place, *(scheduled(f"T{number}", {}, minutes=number) for number in range(EVERY)))
    moved = "T0" if sort in {"", "changed"} else "T5"
    rows = export_while(
        world, monkeypatch, "tasks", lambda: tell(place, started(moved, minutes=60)), **({"sort": sort} if sort else {})
    )
    order = [f"T{number}" for number in range(EVERY)]
    assert [row["Task"] for row in rows] == (order[::-1] if sort in {"", "changed"} else order)
    assert {row["Task"]: row["State"] for row in rows}[moved] == "Started"  # as it is when its chunk is written


@pytest.mark.parametrize("sort", ["-moved", "moved", "-as_of", "level", "-level", "name"])
def test_a_part_that_moves_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    place = world.foundry
    tell(place, *(consumed(number, 1, 40 + number, minutes=number) for number in range(EVERY)))
    moved = 0 if sort.startswith("-") else EVERY - 1

    def happens() -> None:
        tell(place, restocked(moved, 500 if sort == "-level" else 1, 39 + moved, minutes=60))
        if sort == "level":
            tell(place, consumed(moved, 44, 45, minutes=61))
        if sort == "name":
            tell(place, consumed(moved, 1, 45, minutes=61, name="A part"))

    rows = export_while(world, monkeypatch, "stock", happens, sort=sort)
    order = [f"REF-{number}" for number in range(EVERY)]
    assert [row["Reference"] for row in rows] == (order[::-1] if sort.startswith("-") else order)


def test_a_part_of_the_past_that_is_named_anew_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = world.foundry
    tell(place, *(consumed(number, 1, 40, minutes=number) for number in range(EVERY)))
    rows = export_while(
        world, monkeypatch, "stock",
        lambda: tell(place, consumed(5, 1, 39, minutes=60, name="A part")), at=at(90).strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    assert [(row["Reference"], row["Level"]) for row in rows] == [(f"REF-{number}", "39") for number in range(EVERY)]


def test_parts_of_which_nothing_is_known_come_last_and_are_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = world.foundry
    tell(place, *(below(number, 1, 5, minutes=number) for number in range(3)))
    tell(place, *(consumed(number, 1, 40, minutes=number) for number in range(3, EVERY)))
    rows = export_while(world, monkeypatch, "stock", lambda: tell(place, consumed(2, 1, 1, minutes=60)), sort="moved")
    assert sorted(row["Reference"] for row in rows) == [f"REF-{number}" for number in range(EVERY)]


def test_a_part_to_order_that_is_low_anew_is_listed_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = world.foundry
    tell(place, *(below(number, 1, 5, minutes=number) for number in range(EVERY)))

    def happens() -> None:
        tell(place, restocked(0, 50, 1, minutes=60), below(0, 1, 5, minutes=70), restocked(5, 50, 1, minutes=80))

    rows = export_while(world, monkeypatch, "stock_low", happens)
    assert [(row["Reference"], row["To order"]) for row in rows] == [
        *((f"REF-{number}", "4") for number in range(EVERY - 1)), ("REF-5", "0"),
    ]  # fmt: skip


def test_a_list_that_is_taken_as_a_whole_while_a_part_moves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a count sheet, while somebody waits: in one transaction, each statement of which sees what is new."""
    monkeypatch.setattr(parts, "AT_ONCE", 2)
    place = world.foundry
    tell(place, *(consumed(number, 1, 40, minutes=number) for number in range(EVERY)))
    filters = StockFilters(sort="moved", descending=True)
    with network_scope(place.network.id):
        rows = parts.all_parts([place.network], filters, now=timezone.now(), zone=ZoneInfo("UTC"))
        found = [next(rows).reference for _ in range(2)]
        tell(place, consumed(0, 1, 39, minutes=60))
        found += [row.reference for row in rows]
    assert found == [f"REF-{number}" for number in reversed(range(EVERY))]
