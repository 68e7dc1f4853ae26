"""Settling uncertain rows by hand: a person's word, in the trail, which an event outranks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.jobs.by_hand import SAID, GoneOn, settle_row, take_back
from portal.jobs.models import Job, Row
from portal.jobs.states import ROW_TRANSITIONS, JobState, RowState, end_of
from portal.lib.scope import network_scope
from portal.trail.models import Entry
from tests.jobs.test_again import go_on, send
from tests.jobs.test_drafts import TASK, Desk, desk
from tests.jobs.test_pages import audrey, bob, text_of
from tests.jobs.test_sending import Vendor, state_of, vendor
from tests.jobs.test_taking_away import taken
from tests.world import World

__all__ = ["audrey", "bob", "desk", "vendor"]
pytestmark = pytest.mark.django_db

HEAD = "equipment,description,startDateTime,endDateTime,assignees\n"
ROW = "P-1,Grease it {},2030-01-07 08:00,2030-01-07 09:00,anna@example.com\n"


@pytest.fixture
def doubtful(desk: Desk, vendor: Vendor) -> Job:
    """Return a job of four tasks, of which the last three are uncertain."""
    job = desk.checked(HEAD + "".join(ROW.format(number) for number in range(1, 5)), TASK)
    vendor.answers = [201, "drop", 500, "drop"]
    return send(desk, job)


def address(job: Job) -> str:
    return f"/networks/foundry/jobs/{job.id}/"


def test_a_row_says_why_it_is_uncertain(bob: Client, doubtful: Job, world: World) -> None:
    page = text_of(bob.get(address(doubtful)))
    assert page.count("The request went out, and no answer came back.") == 2
    assert "Mobility Work answered with a fault (500), which does not say whether it took effect." in page
    assert "The request went out" in " ".join(taken(bob, address(doubtful) + "results/")[2])


def test_a_manager_settles_uncertain_rows_and_sends_those_without_effect_again(
    bob: Client, audrey: Client, doubtful: Job, desk: Desk, vendor: Vendor, world: World
) -> None:
    there = address(doubtful)
    assert audrey.post(there + "settle/", {"said": "took-effect", "row": "3"}).status_code == 403
    assert "It took effect" not in audrey.get(there).content.decode()
    answer: Any = bob.post(there + "settle/", {"said": "took-effect", "row": "3", "state": "uncertain", "after": "2"})
    assert answer["Location"] == there + "?state=uncertain&after=2#rows"
    bob.post(there + "settle/", {"said": "no-effect", "row": "4"})
    assert state_of(world.foundry, doubtful.id) == (
        "partly_done", {"accepted": 1, "said_taken": 1, "said_lost": 1, "uncertain": 1},
    )  # fmt: skip
    page = text_of(bob.get(there))
    assert "bob@example.com looked it up and said that it took effect (" in page
    assert "bob@example.com looked it up and said that it took no effect (" in page
    assert "onfirmed by event" not in text_of(bob.get(there + "?state=said_taken")).split("States of rows")[-1][:400]
    assert "bob@example.com looked it up" in " ".join(taken(bob, there + "results/")[2])
    with network_scope(desk.network.id):
        said = Entry.objects.filter(action="job_rows_settled").order_by("id").values_list("details", flat=True)
        assert list(said) == [
            {"rows": 1, "which": [3], "took_effect": True}, {"rows": 1, "which": [4], "took_effect": False},
        ]  # fmt: skip
        assert Job.objects.get(id=doubtful.id).uncertain == 1  # the figure of the overview
    made: Any = bob.post(there + "go-on/", {"state": "said_lost"})
    rest = made["Location"].split("/")[-3]
    with network_scope(desk.network.id):
        assert list(Row.objects.filter(job_id=rest).values_list("number", "state")) == [(4, "ready")]
    # What is built upon stays said.
    bob.post(there + "settle/", {"said": "take-back", "row": "4"})
    bob.post(there + "settle/", {"said": "take-back", "row": "3"})
    assert state_of(world.foundry, doubtful.id)[1] == {"accepted": 1, "said_lost": 1, "uncertain": 2}


def test_all_are_settled_at_once_only_if_they_are_those_that_the_person_saw(
    bob: Client, doubtful: Job, world: World
) -> None:
    for seen in ("2", "", "x"):
        refused: Any = bob.post(address(doubtful) + "settle/", {"said": "took-effect", "seen": seen}, follow=True)
        assert "other rows are uncertain now than you saw" in text_of(refused)
    bob.post(address(doubtful) + "settle/", {"said": "took-effect", "seen": "3"})
    assert state_of(world.foundry, doubtful.id)[1] == {"accepted": 1, "said_taken": 3}
    late: Any = bob.post(address(doubtful) + "settle/", {"said": "no-effect", "row": "3"}, follow=True)
    assert "no such row is uncertain any more" in text_of(late)
    for odd in ({"said": "confirmed", "row": "3"}, {"said": "", "seen": "0"}, {}):
        assert bob.post(address(doubtful) + "settle/", odd, follow=True).status_code == 200
    assert state_of(world.foundry, doubtful.id)[1] == {"accepted": 1, "said_taken": 3}


@given(acts=st.lists(st.tuples(st.integers(2, 5), st.sampled_from([*SAID, None])), max_size=12))
def test_counts_add_up_whatever_is_said_and_taken_back(acts: list[tuple[int, RowState | None]]) -> None:
    """No way that people go by hand leads to what events alone may say, and none loses a row."""
    states = {2: RowState.ACCEPTED, 3: RowState.UNCERTAIN, 4: RowState.UNCERTAIN, 5: RowState.REJECTED}
    for number, said in acts:
        after = said or RowState.UNCERTAIN
        if after in ROW_TRANSITIONS[states[number]]:
            states[number] = after
    assert states[2] == RowState.ACCEPTED and states[5] == RowState.REJECTED
    assert {states[3], states[4]} <= {RowState.UNCERTAIN, *SAID}
    counts = {state: list(states.values()).count(state) for state in states.values()}
    assert end_of(counts) == JobState.PARTLY_DONE


def test_what_another_job_goes_on_with_is_not_taken_back(desk: Desk, doubtful: Job) -> None:
    person, now = desk.world.bob, timezone.now()
    with network_scope(desk.network.id):
        assert settle_row(desk.network, doubtful.id, 3, RowState.SAID_LOST, actor=person, now=now) == 1
    go_on(desk, doubtful, RowState.SAID_LOST)
    with network_scope(desk.network.id), pytest.raises(GoneOn):
        take_back(desk.network, doubtful.id, 3, actor=person, now=now)


def test_the_nonce_of_what_goes_out_again_is_its_own(desk: Desk, doubtful: Job, vendor: Vendor) -> None:
    with network_scope(desk.network.id):
        settle_row(desk.network, doubtful.id, 3, RowState.SAID_LOST, actor=desk.world.bob, now=timezone.now())
    send(desk, go_on(desk, doubtful, RowState.SAID_LOST))
    first, again = (body for body in vendor.bodies if body["description"] == "Grease it 2")
    assert first["metadata"]["portal"]["nonce"] != again["metadata"]["portal"]["nonce"]
    assert json.loads(json.dumps(again["metadata"]["portal"]))["row"] == 3
