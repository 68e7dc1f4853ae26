"""The figures of tasks: what is counted, what is left out, and on how many tasks each rests."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.explore.durations import duration
from portal.lib.scope import network_scope
from portal.tasks.figures import Span, ended_before, report_of
from tests.explore.test_task_pages import NOW, PARIS, days, planned, told
from tests.timeline.test_timeline import arrive, client_of
from tests.world import ConnectedNetwork, World

pytestmark = pytest.mark.django_db


def span(place: ConnectedNetwork, length: float = 30, **narrower: str) -> Span:
    return Span(networks=[place.network], low=days(length), high=NOW, zone=PARIS, **narrower)


def work(place: ConnectedNetwork) -> None:
    """Five tasks that took one to five days, one cancelled, one with no start, one that ended before, one open."""
    for number in range(1, 6):
        tags = [{"code": "$a"}] + ([{"code": "$b"}] if number < 3 else [])
        arrive(
            place,
            told(f"t{number}", "scheduled", days(20), tags=tags),
            told(f"t{number}", "started", days(10), tags=tags),
            told(f"t{number}", "completed", days(10 - number), tags=tags),
        )
        planned(place, f"t{number}", days(7)) if number != 5 else None
    other = {"_type": "Equipment", "type": "equipment", "id": "10", "itemCode": "PRH-2", "name": "Other press"}
    arrive(
        place,
        told("c1", "scheduled", days(9), associatedTo=other),
        told("c1", "canceled", days(2), associatedTo=other),
        told("n1", "completed", days(8), associatedTo=other, tags=[]),
        told("old", "completed", days(40)),
        told("open", "started", days(3)),
    )


def test_each_figure_says_on_how_many_tasks_it_rests(world: World) -> None:
    work(world.foundry)
    with network_scope(world.foundry.network.id):
        found = report_of(span(world.foundry)).figures
        assert (found.completed, found.cancelled, found.cancelled_share) == (6, 1, 14)
        day = 86400
        assert (found.worked.tasks, found.worked.median, found.worked.ninetieth) == (
            5,
            3 * day,
            pytest.approx(4.6 * day),
        )
        assert found.without_start == 1
        assert (found.started, found.waited.tasks, found.waited.median) == (6, 5, 10 * day)
        assert (found.with_plan, found.on_time, found.on_time_share) == (4, 3, 75)
        assert ended_before(span(world.foundry)) == (1, 0)
        assert report_of(span(world.foundry, tag="$b")).figures.completed == 2
        assert report_of(span(world.foundry, equipment="id:10")).figures.completed == 1
        nothing = report_of(span(world.foundry, tag="$none")).figures
        assert (nothing.ended, nothing.worked.median, nothing.on_time_share, nothing.cancelled_share) == (
            0,
            None,
            None,
            None,
        )


def test_figures_by_week_equipment_and_tag(world: World) -> None:
    work(world.foundry)
    with network_scope(world.foundry.network.id):
        weeks = report_of(span(world.foundry)).weeks
        assert [week.monday.weekday() for week in weeks] == [0] * len(weeks)
        assert weeks[0].monday == date(2026, 2, 16) and weeks[-1].monday == date(2026, 3, 16)
        assert (sum(week.completed for week in weeks), sum(week.cancelled for week in weeks)) == (6, 1)
        assert weeks[1].completed == 0
        first, second = report_of(span(world.foundry)).equipments
        assert (first.key, first.completed, first.cancelled, first.worked.tasks) == ("id:9", 5, 0, 5)
        assert (second.key, second.completed, second.cancelled, second.worked.tasks) == ("id:10", 1, 1, 0)
        assert {group.key: group.completed for group in report_of(span(world.foundry)).tags} == {
            "$a": 5,
            "$b": 2,
            "$preventive": 0,
        }


def test_the_page_shows_them_and_keeps_its_view_in_the_address(world: World) -> None:
    work(world.foundry)
    client = client_of(world.bob)
    page = client.get("/tasks/figures/?from=2026-02-18&to=2026-03-20").content.decode()
    assert "3 of 4 with a known planned end" in page
    assert "Other press" in page and "$b" in page and "3 d 0 h" in page
    assert 'id="weeks-data"' in page
    assert "equipment=id%3A10&amp;state=completed" in page
    page = client.get("/tasks/figures/?from=2026-02-18&to=2026-03-20&tag=$b&equipment=id:9").content.decode()
    assert "Remove the filter $b" in page and "Other press" not in page
    for odd in ("?from=0001-01-01", "?to=2199-12-31", "?from=2100-01-01", "?period=today&network=foundry"):
        assert client.get(f"/tasks/figures/{odd}").status_code == 200


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "0 min"), (59 * 60, "59 min"), (3600, "1 h 0 min"), (90000, "1 d 1 h"), (12.4 * 86400, "12 d"), (None, "–")],
)
def test_a_length_of_time_in_words(length: float | None, words: str) -> None:
    assert duration(length) == words
    assert timedelta(seconds=length or 0) >= timedelta(0)
