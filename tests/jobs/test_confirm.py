"""Rows and the events that prove them: before and after the answer, by level and by what comes back of a task."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.subjects import subject_of
from portal.jobs import confirm
from portal.jobs.claim import claim_next
from portal.jobs.confirm import confirm_next
from portal.jobs.models import Batch, Call, Confirmation, EvidenceCursor, Job, Row
from portal.jobs.submit import resume
from portal.lib.scope import network_scope
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.jobs.test_drafts import consumed
from tests.jobs.test_sending import STOCK, TASK, Vendor, in_line, send_all, state_of, vendor
from tests.world import World

__all__ = ["vendor"]
pytestmark = pytest.mark.django_db


def hear(world: World, events: Iterable[dict[str, Any]], *, signed: bool = False) -> None:
    network, raws = world.foundry.network, [json.dumps(event).encode() for event in events]
    headers = [{"X-MW-Signature": world.foundry.header(raw)} if signed else {} for raw in raws]
    with network_scope(network.id):
        store_past(
            network.id, [PastRequest(timezone.now(), raw, each) for raw, each in zip(raws, headers, strict=True)]
        )
    process_waiting(network.id, limit=100)


def judge_all(world: World) -> None:
    while confirm_next(world.foundry.network.id):
        pass


def stock(reference: str, quantity: int) -> dict[str, Any]:
    return {"id": {"type": "externalReference", "value": reference}, "quantity": quantity}


def moved(reference: str, previous: int, *, native: str = "1", at: datetime | None = None) -> dict[str, Any]:
    """One is taken away from `previous`."""
    event = consumed(reference, previous - 1, native=native)
    return event | ({"emittedAt": at.isoformat()} if at else {})


def states(world: World) -> list[str]:
    with network_scope(world.foundry.network.id):
        return list(Row.objects.order_by("job_id", "number").values_list("state", flat=True))


def let_grace_pass(world: World) -> None:
    """Make it so that everything was sent a while ago."""
    with network_scope(world.foundry.network.id):
        for call in Call.objects.all():
            Call.objects.filter(id=call.id).update(
                started_at=call.started_at - timedelta(hours=1),
                ended_at=call.ended_at and call.ended_at - timedelta(hours=1),
            )


def test_a_stock_is_confirmed_by_the_level_that_a_later_event_found(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90), 3: stock("B-1", 5), 4: {"id": "C-1", "quantity": 7}})
    send_all(world.foundry)
    judge_all(world)
    assert states(world) == ["accepted", "accepted", "accepted"]
    hear(world, [moved("A-1", 90), moved("C-1", 7, native="3")])
    judge_all(world)
    assert states(world) == ["confirmed", "accepted", "confirmed"]
    with network_scope(world.foundry.network.id):
        found = list(Confirmation.objects.order_by("number").values_list("number", "key", "verdict"))
    assert [each[0] for each in found] == [2, 4] and {each[2] for each in found} == {"confirmed"}


def test_an_event_that_comes_before_the_answer_is_not_lost(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    with network_scope(world.foundry.network.id):
        Batch.objects.update(not_before=timezone.now())
    # The vendor's event overtakes its own answer: it is recorded, and followed, before the row is settled.
    started = timezone.now()
    hear(world, [moved("A-1", 90, at=started + timedelta(seconds=2))])
    judge_all(world)
    assert states(world) == ["queued"]
    send_all(world.foundry)
    judge_all(world)
    assert states(world) == ["confirmed"]
    assert state_of(world.foundry, job)[0] == "done"


def test_another_level_contradicts_only_after_the_grace_time(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    hear(world, [moved("A-1", 116)])
    judge_all(world)
    assert states(world) == ["accepted"]
    let_grace_pass(world)
    hear(world, [moved("A-1", 115)])
    judge_all(world)
    assert states(world) == ["contradicted"]
    # The recount that explains it comes late: the latest judgement holds, and the evidence of both stays.
    hear(world, [moved("A-1", 90, at=timezone.now() - timedelta(minutes=50))])
    judge_all(world)
    assert states(world) == ["confirmed"]
    with network_scope(world.foundry.network.id):
        assert sorted(Confirmation.objects.values_list("verdict", flat=True)) == ["confirmed", "contradicted"]


def test_each_part_that_shares_a_reference_is_judged(world: World, vendor: Vendor) -> None:
    before = timezone.now() - timedelta(hours=2)
    hear(world, [moved("A-1", 50, native="1", at=before), moved("A-1", 60, native="2", at=before)])
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    let_grace_pass(world)
    hear(world, [moved("A-1", 90, native="1")])
    judge_all(world)
    assert states(world) == ["confirmed"]
    hear(world, [moved("A-1", 59, native="2")])
    judge_all(world)
    assert states(world) == ["contradicted"]


def scheduled(item: dict[str, Any], task: str = "7c41d9ae") -> dict[str, Any]:
    return {
        "_event": "TaskWasScheduled",
        "taskId": task,
        "scheduled": {"on": timezone.now().isoformat(), "by": {"userId": "1", "firstName": "A", "lastName": "B"}},
        "associatedTo": {"_type": "Equipment", "type": "equipment", "id": "9", "itemCode": "P-1", "name": "Press"},
        "tags": [],
        "metadata": item["metadata"],
    }


def test_a_task_is_confirmed_by_what_comes_back_of_its_metadata(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, TASK, {2: {"description": "one"}, 3: {"description": "two", "metadata": {"wo": 7}}})
    vendor.answers = [201, "drop"]
    send_all(world.foundry)
    first, second = vendor.bodies
    assert (first["metadata"]["portal"]["job"], first["metadata"]["portal"]["row"]) == (str(job), 2)
    assert second["metadata"]["wo"] == 7
    assert first["metadata"]["portal"]["nonce"] != second["metadata"]["portal"]["nonce"]
    forged = scheduled({"metadata": {"portal": {"job": str(job), "row": 2, "nonce": "guessed"}}}, task="bad")
    odd = [scheduled({"metadata": metadata}, task=f"odd{place}") for place, metadata in enumerate(ODD)]
    hear(world, [forged, *odd])
    judge_all(world)
    assert states(world) == ["accepted", "uncertain"]
    # Also what nobody answered for turns out to be there.
    hear(world, [scheduled(first, "aaaa1111"), scheduled(second, "bbbb2222")])
    judge_all(world)
    assert states(world) == ["confirmed", "confirmed"]
    with network_scope(world.foundry.network.id):
        assert [each.key for each in Confirmation.objects.order_by("number")] == ["id:aaaa1111", "id:bbbb2222"]


ODD: list[Any] = [
    [],
    None,
    {"portal": None},
    {"portal": {"job": 1, "row": "x", "nonce": None}},
    {"portal": {"job": "no-uuid", "row": 1, "nonce": "n"}},
    {"portal": {"job": "00000000-0000-0000-0000-000000000000", "row": 10**30, "nonce": "n"}},
    {"portal": ["job"]},
    {"portal": {"job": "00000000-0000-0000-0000-000000000000", "row": float("inf"), "nonce": "n"}},
    {"portal": {"job": "00000000-0000-0000-0000-000000000000", "row": 1, "nonce": "\0"}},
    {"portal": {"job": "00000000-0000-0000-0000-000000000000", "row": 1, "nonce": "\ud800"}},
    {"portal": {"job": "00000000-0000-0000-0000-000000000000", "row": True, "nonce": "0" * 32}},
]


def test_what_nothing_proves_is_called_unconfirmed_and_may_still_be_proved(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    judge_all(world)
    with network_scope(world.foundry.network.id):
        due = Job.objects.get(id=job).proof_due_at
        assert due is not None and due > timezone.now() + timedelta(minutes=50)
        Job.objects.update(proof_due_at=timezone.now())
    judge_all(world)
    assert states(world) == ["unconfirmed"]
    assert state_of(world.foundry, job) == ("done", {"unconfirmed": 1})
    hear(world, [moved("A-1", 90)])
    judge_all(world)
    assert states(world) == ["confirmed"]


def test_an_operation_without_events_waits_for_none(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, "createLocations", {2: {"name": "A-1"}})
    send_all(world.foundry)
    judge_all(world)
    with network_scope(world.foundry.network.id):
        assert Job.objects.get(id=job).proof_due_at is None
        assert not Batch.objects.filter(proof_pending=True).exists()


def test_no_event_of_another_network_proves_anything(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    send_all(world.foundry)
    other = world.elsewhere.network
    with network_scope(other.id):
        store_past(other.id, [PastRequest(timezone.now(), json.dumps(moved("A-1", 90)).encode(), {})])
    process_waiting(other.id, limit=10)
    judge_all(world)
    while confirm_next(other.id):
        pass
    assert states(world) == ["accepted"]


def test_events_from_before_the_first_job_are_not_read_again(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(world, [moved("A-1", level) for level in range(10, 15)])
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    network_id: UUID = world.foundry.network.id
    with network_scope(network_id):
        assert EvidenceCursor.objects.get().position == 5
    monkeypatch.setattr(confirm, "EVENTS", 2)
    send_all(world.foundry)
    hear(world, [moved("A-1", level) for level in range(91, 86, -1)])
    judge_all(world)
    with network_scope(network_id):
        assert EvidenceCursor.objects.get().position == 10
    assert states(world) == ["confirmed"]


def test_two_jobs_about_one_part_wait_for_each_other(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90), 3: stock("B-1", 5)})
    move = {"sparePartId": {"type": "externalReference", "value": "A-1"}, "target": {"locationName": "Annex"}}
    other = in_line(world.foundry, "relocateSpareParts", {2: move})
    send_all(world.foundry)
    assert len(vendor.bodies) == 1  # the vendor may apply it minutes later
    assert state_of(world.foundry, other)[0] == "queued"
    hear(world, [moved("A-1", 90)])
    judge_all(world)
    with network_scope(world.foundry.network.id):
        Batch.objects.update(not_before=None)
    send_all(world.foundry)
    assert len(vendor.bodies) == 2
    # Without proof, the grace time is enough.
    third = in_line(world.foundry, STOCK, {2: stock("B-1", 7)})
    send_all(world.foundry)
    assert state_of(world.foundry, third)[0] == "queued"
    with network_scope(world.foundry.network.id):
        Row.objects.filter(state="accepted").update(updated_at=timezone.now() - timedelta(minutes=11))
        Batch.objects.update(not_before=None)
    send_all(world.foundry)
    assert state_of(world.foundry, third)[0] == "done"


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (("updateSpareParts", {"id": "A-1", "externalReference": " A-9\u00a0"}), (STOCK, stock("A-9", 60)), True),
        (("updateSpareParts", {"id": "A-1", "externalReference": "A-9"}), (STOCK, {"id": "A-1", "quantity": 6}), True),
        ((STOCK, stock("A-9", 60)), ("updateSpareParts", {"id": "A-1", "externalReference": "A-9"}), True),
        (("updateSpareParts", {"id": "A-1", "externalReference": "A-9"}), (STOCK, stock("A-2", 60)), False),
        (("updateSpareParts", {"id": "A-1", "externalReference": None}), (STOCK, stock("A-9", 60)), False),
        (("updateSpareParts", {"id": "A-1", "name": "A-9"}), (STOCK, stock("A-9", 60)), False),
    ],
)
def test_a_part_that_is_renamed_is_waited_for_under_both_names(
    world: World, vendor: Vendor, first: tuple[str, Any], second: tuple[str, Any], waits: bool
) -> None:
    in_line(world.foundry, first[0], {2: first[1]})
    send_all(world.foundry)
    other = in_line(world.foundry, second[0], {2: second[1]})
    send_all(world.foundry)
    assert len(vendor.bodies) == 2 - waits
    assert state_of(world.foundry, other)[0] == ("queued" if waits else "done")
    with network_scope(world.foundry.network.id):
        Row.objects.filter(state="accepted").update(updated_at=timezone.now() - timedelta(minutes=11))
        Batch.objects.update(not_before=None)
    send_all(world.foundry)
    assert len(vendor.bodies) == 2


def test_a_renaming_without_an_answer_is_waited_for_under_its_new_name(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, "updateSpareParts", {2: {"id": "A-1", "externalReference": "A-9"}})
    with network_scope(world.foundry.network.id):
        assert claim_next(world.foundry.network, now=timezone.now()) is not None
    in_line(world.foundry, STOCK, {2: stock("A-9", 60)})
    send_all(world.foundry)
    assert vendor.bodies == []


def test_a_change_without_an_answer_is_waited_for(world: World, vendor: Vendor) -> None:
    """The worker that made the call may be gone; until its lease is over nobody knows, and after that neither."""
    place = world.foundry
    in_line(place, STOCK, {2: stock("A-1", 90)})
    with network_scope(place.network.id):
        Row.objects.update(updated_at=timezone.now() - timedelta(hours=1))  # it was long in line
        assert claim_next(place.network, now=timezone.now()) is not None
    moving = {"sparePartId": {"type": "externalReference", "value": "A-1"}, "target": {"locationName": "Annex"}}
    other = in_line(place, "relocateSpareParts", {2: moving})
    send_all(place)
    assert (vendor.bodies, state_of(place, other)[0]) == ([], "queued")
    with network_scope(place.network.id):
        Batch.objects.filter(state="sending").update(lease_until=timezone.now() - timedelta(seconds=1))
        Batch.objects.update(not_before=None)
    send_all(place)  # what was lost is settled, and waits for its repeat
    assert (vendor.bodies, state_of(place, other)[0]) == ([], "queued")


def test_jobs_about_the_same_thousands_of_parts_are_compared_at_once(world: World, vendor: Vendor) -> None:
    """Of rows that were stored a moment ago the planner knows nothing; it once joined all of them with all."""
    place = world.foundry
    in_line(place, STOCK, {number: stock(f"A-{number}", 5) for number in range(2, 5_002)})
    send_all(place)
    later = in_line(place, STOCK, {number: stock(f"A-{number}", 6) for number in range(2, 5_002)})
    begun = time.monotonic()
    send_all(place)
    assert time.monotonic() - begun < 20
    assert (len(vendor.bodies), state_of(place, later)[0]) == (1, "queued")


def test_jobs_about_different_parts_do_not_wait(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    second = in_line(world.foundry, STOCK, {2: stock("A-2", 90)})
    send_all(world.foundry)
    assert state_of(world.foundry, second)[0] == "done"


def test_an_event_from_before_the_call_that_counts_proves_nothing(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    vendor.answers = [401]
    send_all(world.foundry)
    hear(world, [moved("A-1", 90, at=timezone.now() + timedelta(seconds=1))])
    with network_scope(world.foundry.network.id):
        Call.objects.update(started_at=timezone.now() - timedelta(days=1))
        resume(world.foundry.network, job, actor="test")
        Call.objects.filter(outcome="BadKey").update(ended_at=timezone.now())
    time.sleep(2)
    send_all(world.foundry)
    judge_all(world)
    assert states(world) == ["accepted"]


def test_what_a_repeat_leaves_in_doubt_is_looked_back_for(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, {2: stock("A-1", 90)})
    vendor.answers = [503]
    send_all(world.foundry)
    # It took effect all the same, and its event comes while the row waits for the repeat.
    hear(world, [moved("A-1", 90)])
    judge_all(world)
    assert states(world) == ["queued"]
    with network_scope(world.foundry.network.id):
        Batch.objects.update(not_before=timezone.now())
    send_all(world.foundry)
    judge_all(world)
    assert (states(world), len(vendor.bodies)) == (["confirmed"], 1)


@pytest.mark.parametrize(
    "named",
    [
        {"type": "externalReference", "value": "A-1"}, {"type": "native", "value": 88203},
        {"type": "native", "value": "0c8f5d1e-6b7a-4f0e-8a55-91b3f0d7c2aa"}, "A-1", 88203, "x" * 400,
        "A  1\u00a0 \u2003b", {"type": "externalReference", "value": "  é\u3000ü x"},
    ],
)  # fmt: skip
def test_what_a_row_is_about_is_named_as_events_name_it(world: World, named: Any) -> None:
    item = {"id": named, "quantity": 1}
    in_line(world.foundry, STOCK, {2: item})
    [(_kind, key)] = subject_of(OPERATIONS[STOCK], item)
    with network_scope(world.foundry.network.id):
        assert Row.objects.get().about == key


def test_all_rows_in_question_are_judged_however_many(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "ROWS", 2)
    for first in (1, 4):
        in_line(world.foundry, STOCK, {number: stock(f"A-{number}", number) for number in range(first, first + 3)})
    send_all(world.foundry)
    judge_all(world)
    hear(world, [moved(f"A-{number}", number, native=str(number)) for number in range(1, 7)])
    judge_all(world)
    assert states(world) == ["confirmed"] * 6
