"""From a job in line to the vendor and back: what is sent, how often, and what each answer means for each row."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import NothingSent
from integrations.mobility_work.client import Accepted
from portal.jobs import ending, pipeline, release, settle
from portal.jobs.claim import claim_next
from portal.jobs.exchange import request_of
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.moves import move
from portal.jobs.queries import result_page
from portal.jobs.states import JOB_TRANSITIONS, ROW_TRANSITIONS, JobState, RowState, StateRefused, end_of
from portal.jobs.submit import NothingToSend, NotInPlan, cancel, resume, submit_items
from portal.lib.scope import network_scope
from portal.lib.sealing import SealingError
from portal.networks.models import Credential, Network
from portal.trail.models import Entry
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from tests.world import ConnectedNetwork, World

STOCK, TASK = "replaceSparePartStock", "scheduleTask"
KNOWN = release.known_migrations()


@dataclass
class Vendor:
    """Answers what it is told to, then 202; remembers every body that reached it."""

    url: str = ""
    answers: list[Any] = field(default_factory=list)  # a status, (status, headers, body), or "drop"
    bodies: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@pytest.fixture
def vendor(settings: Any) -> Iterator[Vendor]:
    told = Vendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            told.bodies.append(json.loads(raw))
            told.keys.append(self.headers["Api-Key"])
            reply = told.answers.pop(0) if told.answers else 202
            if reply == "drop":
                self.close_connection = True
                return
            status, headers, body = reply if isinstance(reply, tuple) else (reply, {}, b"null")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), "Request-Id": "req-1", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def log_message(self, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = settings.MOBILITY_WORK_API_URL = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


def levels(count: int) -> dict[int, dict[str, Any]]:
    return {number: {"id": f"ROUL-62{number:05}", "quantity": number} for number in range(2, count + 2)}


def in_line(place: ConnectedNetwork, operation: str, items: dict[int, dict[str, Any]]) -> UUID:
    with network_scope(place.network.id):
        job = submit_items(place.network, operation, items, actor="test", source=Job.Source.FILE, now=timezone.now())
    return UUID(str(job.id))


def send_all(place: ConnectedNetwork, *, most: int = 50) -> None:
    for _ in range(most):
        if not pipeline.send_next(place.network.id):
            return


def hurry(place: ConnectedNetwork) -> None:
    """Let the time come that a batch waits for."""
    with network_scope(place.network.id):
        Batch.objects.exclude(not_before=None).update(not_before=timezone.now())


def state_of(place: ConnectedNetwork, job_id: UUID) -> tuple[str, dict[str, int]]:
    with network_scope(place.network.id):
        job = Job.objects.get(network_id=place.network.id, id=job_id)
        counts = {str(state): count for state, count in ending.counts_of(place.network.id, job_id).items()}
        assert sum(counts.values()) == job.rows
        return job.state, counts


pytestmark = pytest.mark.django_db


def test_a_job_goes_out_in_as_few_requests_as_the_limit_allows(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, STOCK, levels(10_001))
    send_all(world.foundry)
    assert [len(body) for body in vendor.bodies] == [10_000, 1]
    assert vendor.bodies[0][0] == {"id": "ROUL-6200002", "quantity": 2}
    assert set(vendor.keys) == {world.foundry.api_key}
    assert state_of(world.foundry, job) == ("done", {"accepted": 10_001})
    with network_scope(world.foundry.network.id):
        assert (
            list(Call.objects.order_by("id").values_list("outcome", "status", "request_id", "attempt"))
            == [("accepted", 202, "req-1", 1)] * 2
        )
        assert Credential.objects.get().last_used_at is not None
        assert world.foundry.api_key not in str(list(Call.objects.values()))


def test_no_more_calls_a_minute_than_the_setting_allows(world: World, vendor: Vendor, settings: Any) -> None:
    settings.PORTAL_CALLS_PER_MINUTE = 2
    job = in_line(world.foundry, TASK, {number: {"description": f"task {number}"} for number in (2, 3, 4)})
    send_all(world.foundry)
    assert len(vendor.bodies) == 2
    assert state_of(world.foundry, job) == ("sending", {"queued": 1, "accepted": 2})
    with network_scope(world.foundry.network.id):
        assert claim_next(world.foundry.network, now=timezone.now() + timedelta(minutes=2)) is not None


def test_tasks_go_one_by_one(world: World, vendor: Vendor) -> None:
    job = in_line(world.foundry, TASK, {number: {"description": f"task {number}"} for number in (2, 3, 4)})
    send_all(world.foundry)
    assert [body["description"] for body in vendor.bodies] == ["task 2", "task 3", "task 4"]
    assert state_of(world.foundry, job) == ("done", {"accepted": 3})


def test_a_task_whose_answer_is_lost_is_never_sent_again(world: World, vendor: Vendor) -> None:
    vendor.answers = [201, "drop", 500, 201]
    job = in_line(world.foundry, TASK, {number: {"description": f"task {number}"} for number in range(2, 6)})
    for _ in range(4):
        send_all(world.foundry)
        hurry(world.foundry)
    assert Counter(body["description"] for body in vendor.bodies) == {f"task {number}": 1 for number in range(2, 6)}
    assert state_of(world.foundry, job) == ("partly_done", {"accepted": 2, "uncertain": 2})


def test_a_level_whose_answer_is_lost_is_sent_again(world: World, vendor: Vendor) -> None:
    vendor.answers = ["drop", 503]
    job = in_line(world.foundry, STOCK, levels(3))
    for expected in (1, 2, 3):
        send_all(world.foundry)
        assert len(vendor.bodies) == expected, "it waits some minutes before each repeat"
        hurry(world.foundry)
    assert state_of(world.foundry, job) == ("done", {"accepted": 3})


def test_a_level_is_not_repeated_over_a_newer_event(world: World, vendor: Vendor) -> None:
    vendor.answers = [503]
    job = in_line(world.foundry, STOCK, levels(3))
    send_all(world.foundry)
    event = {
        "_event": "SparePartWasConsumed",
        "emittedAt": timezone.now().isoformat(),
        "sparePart": {"id": "77", "externalReference": "ROUL-6200003", "name": "Bearing"},
        "location": {"id": "1", "name": "Store"},
        "initiator": {"userId": "7", "firstName": "A", "lastName": "B"},
        "consumed": {"quantity": 1, "previousStock": 9},
    }
    with network_scope(world.foundry.network.id):
        store_past(world.foundry.network.id, [PastRequest(timezone.now(), json.dumps(event).encode(), {})])
    process_waiting(world.foundry.network.id, limit=10)
    hurry(world.foundry)
    send_all(world.foundry)
    assert [len(body) for body in vendor.bodies] == [3, 2]
    assert "ROUL-6200003" not in str(vendor.bodies[1])
    assert state_of(world.foundry, job) == ("partly_done", {"accepted": 2, "uncertain": 1})


def test_rows_of_a_refused_repeat_are_not_called_unsent(world: World, vendor: Vendor) -> None:
    error = {"property_errors": {"/1/quantity": [{"messageKey": "error.payload.min", "parameters": {"min": 0}}]}}
    vendor.answers = [503, (400, {}, json.dumps({"message": "no", "extended_message": error}).encode())]
    job = in_line(world.foundry, STOCK, levels(3))
    for _ in range(2):
        send_all(world.foundry)
        hurry(world.foundry)
    assert [len(body) for body in vendor.bodies] == [3, 3]
    assert state_of(world.foundry, job) == ("partly_done", {"rejected": 1, "uncertain": 2})


def test_a_row_that_renames_is_never_repeated(world: World, vendor: Vendor) -> None:
    """The old reference is gone if the first call took effect (vendor reference, section 4)."""
    vendor.answers = [503]
    items = {
        2: {"id": {"type": "externalReference", "value": "OLD"}, "externalReference": "NEW"},
        3: {"id": {"type": "externalReference", "value": "KEPT"}, "name": "Bearing"},
    }
    job = in_line(world.foundry, "updateSpareParts", items)
    for _ in range(2):
        send_all(world.foundry)
        hurry(world.foundry)
    send_all(world.foundry)
    assert [len(body) for body in vendor.bodies] == [2, 1]
    assert "OLD" not in str(vendor.bodies[1])
    assert state_of(world.foundry, job) == ("partly_done", {"accepted": 1, "uncertain": 1})


def test_a_repeat_of_which_nothing_is_left_is_not_made(world: World, vendor: Vendor) -> None:
    vendor.answers = [503]
    item = {"id": {"type": "externalReference", "value": "OLD"}, "externalReference": "NEW"}
    job = in_line(world.foundry, "updateSpareParts", {2: item})
    later = in_line(world.foundry, "updateSpareParts", {2: item | {"id": "OLD-2", "externalReference": "NEWER"}})
    for _ in range(2):
        send_all(world.foundry)
        hurry(world.foundry)
    send_all(world.foundry)
    assert [body[0]["externalReference"] for body in vendor.bodies] == ["NEW", "NEWER"]
    assert state_of(world.foundry, job) == ("partly_done", {"uncertain": 1})
    assert state_of(world.foundry, later) == ("done", {"accepted": 1})


def test_what_waits_for_a_repeat_is_not_called_unsent_when_it_is_cancelled(world: World, vendor: Vendor) -> None:
    vendor.answers = [503]
    job = in_line(world.foundry, STOCK, levels(2))
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        cancel(world.foundry.network, job, actor="test", now=timezone.now())
    assert state_of(world.foundry, job) == ("cancelled", {"uncertain": 2})


def test_a_key_that_the_vendor_repeats_is_kept_nowhere(world: World, vendor: Vendor) -> None:
    place = world.foundry
    told = {"message": f"the key {place.api_key} is not known"}
    vendor.answers = [(401, {}, json.dumps(told).encode())]
    in_line(place, STOCK, levels(1))
    send_all(place)
    with network_scope(place.network.id):
        assert Call.objects.get().detail == "the key … is not known"
        assert Entry.objects.filter(action="key_refused").count() == 1


def test_a_key_that_cannot_be_opened_claims_nothing(world: World, vendor: Vendor) -> None:
    place = world.foundry
    job = in_line(place, TASK, {2: {"description": "once"}})
    with network_scope(place.network.id):
        Credential.objects.update(sealed_key=b"not sealed by us")
    with pytest.raises(SealingError):
        pipeline.send_next(place.network.id)
    assert state_of(place, job) == ("queued", {"queued": 1})
    assert vendor.bodies == []


def test_attempts_are_numbered_on_after_a_person_goes_on(world: World, vendor: Vendor) -> None:
    vendor.answers = [401, 401, 202]
    job = in_line(world.foundry, STOCK, levels(2))
    for _ in range(3):
        send_all(world.foundry)
        with network_scope(world.foundry.network.id):
            if Job.objects.get().state == JobState.PAUSED:
                resume(world.foundry.network, job, actor="test")
    with network_scope(world.foundry.network.id):
        assert list(Call.objects.order_by("id").values_list("attempt", "status")) == [(1, 401), (2, 401), (3, 202)]
        # What was tried before no longer counts against the request.
        assert (Batch.objects.get().attempts, Batch.objects.get().forgiven) == (1, 2)


def test_only_what_is_paused_is_resumed(world: World) -> None:
    job = in_line(world.foundry, STOCK, levels(1))
    with network_scope(world.foundry.network.id), pytest.raises(StateRefused):
        resume(world.foundry.network, job, actor="test")


def test_nothing_sent_is_tried_again_and_again_then_a_person_is_asked(
    world: World, vendor: Vendor, settings: Any
) -> None:
    settings.MOBILITY_WORK_API_URL = "http://127.0.0.1:9"
    job = in_line(world.foundry, TASK, {2: {"description": "once"}})
    for _ in range(settle.MAX_UNREACHABLE):
        assert state_of(world.foundry, job)[1] == {"queued": 1}
        send_all(world.foundry)
        hurry(world.foundry)
    assert state_of(world.foundry, job) == ("paused", {"queued": 1})
    settings.MOBILITY_WORK_API_URL = vendor.url
    with network_scope(world.foundry.network.id):
        resume(world.foundry.network, job, actor="test")
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("done", {"accepted": 1})
    assert len(vendor.bodies) == 1


def test_the_vendor_may_ask_to_slow_down(world: World, vendor: Vendor) -> None:
    vendor.answers = [(429, {"Retry-After": "120"}, b"")]
    job = in_line(world.foundry, TASK, {2: {"description": "once"}})
    send_all(world.foundry)
    with network_scope(world.foundry.network.id):
        waits = Batch.objects.get().not_before - timezone.now()
    assert timedelta(seconds=115) < waits <= timedelta(seconds=120)
    send_all(world.foundry)
    assert len(vendor.bodies) == 1
    hurry(world.foundry)
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("done", {"accepted": 1})


@pytest.mark.parametrize(("status", "pause"), [(401, "key_refused"), (403, "access_denied")])
def test_a_refused_key_or_plan_stops_the_job_until_a_person_goes_on(
    world: World, vendor: Vendor, status: int, pause: str
) -> None:
    vendor.answers = [status]
    job = in_line(world.foundry, STOCK, levels(2))
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("paused", {"queued": 2})
    with network_scope(world.foundry.network.id):
        assert Job.objects.get().pause == pause
        assert bool(Credential.objects.get().last_error) == (status == 401)
        resume(world.foundry.network, job, actor="test")
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("done", {"accepted": 2})


def test_a_refused_batch_names_its_rows_and_the_canary_holds_back_the_rest(world: World, vendor: Vendor) -> None:
    error = {"property_errors": {"/1/quantity": [{"messageKey": "error.payload.min", "parameters": {"min": 0}}]}}
    vendor.answers = [(400, {}, json.dumps({"message": "no", "extended_message": error}).encode())]
    job = in_line(world.foundry, STOCK, levels(10_002))
    send_all(world.foundry)
    assert len(vendor.bodies) == 1
    assert state_of(world.foundry, job) == ("paused", {"rejected": 1, "not_sent": 9_999, "queued": 2})
    with network_scope(world.foundry.network.id):
        row = Row.objects.get(state="rejected")
        assert (row.number, row.errors[0]["path"], row.errors[0]["key"]) == (3, ["quantity"], "error.payload.min")
        assert set(Row.objects.filter(state="not_sent").values_list("reason", flat=True)) == {"batch_refused"}
        resume(world.foundry.network, job, actor="test")
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("partly_done", {"rejected": 1, "not_sent": 9_999, "accepted": 2})


def test_a_refusal_that_names_no_row_rejects_all(world: World, vendor: Vendor) -> None:
    vendor.answers = [(400, {"Content-Type": "text/html"}, b"<h1>Bad Request</h1>")]
    job = in_line(world.foundry, STOCK, levels(2))
    send_all(world.foundry)
    assert state_of(world.foundry, job) == ("failed", {"rejected": 2})


@pytest.mark.parametrize(("operation", "end"), [(TASK, {"uncertain": 1}), (STOCK, {"accepted": 1})])
def test_a_worker_that_dies_after_the_claim_leaves_the_truth(
    world: World, vendor: Vendor, operation: str, end: dict[str, int]
) -> None:
    """The claim is committed; whether the request left, nobody knows. What must not be repeated is uncertain."""
    place = world.foundry
    job = in_line(place, operation, {2: {"id": "R", "quantity": 1}})
    with network_scope(place.network.id):
        assert claim_next(place.network, now=timezone.now()) is not None  # and here it is killed
    send_all(place)
    assert vendor.bodies == [], "the lease still holds"
    with network_scope(place.network.id):
        Batch.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    send_all(place)
    hurry(place)
    send_all(place)
    assert len(vendor.bodies) == (operation == STOCK)
    assert state_of(place, job)[1] == end


def test_an_answer_after_its_lease_changes_nothing(world: World, vendor: Vendor) -> None:
    place = world.foundry
    job = in_line(place, TASK, {2: {"description": "once"}})
    with network_scope(place.network.id):
        claim = claim_next(place.network, now=timezone.now())
        assert claim is not None
        settle.settle_lost(place.network.id, now=timezone.now() + timedelta(hours=1))
        assert not settle.settle(claim, NothingSent(), now=timezone.now())
    assert state_of(place, job) == ("partly_done", {"uncertain": 1})
    send_all(place)
    assert vendor.bodies == []


def test_one_job_of_a_family_at_a_time_and_other_families_beside_it(world: World, vendor: Vendor) -> None:
    place = world.foundry
    vendor.answers = [(429, {"Retry-After": "60"}, b"")]
    first = in_line(place, STOCK, levels(1))
    second = in_line(place, STOCK, {number: {"id": f"OTHER-{number}", "quantity": 1} for number in (2, 3)})
    other = in_line(place, TASK, {2: {"description": "beside"}})
    send_all(place)
    assert [state_of(place, job)[0] for job in (first, second, other)] == ["sending", "queued", "done"]
    hurry(place)
    send_all(place)
    assert [state_of(place, job)[0] for job in (first, second)] == ["done", "done"]
    assert [len(body) for body in vendor.bodies if isinstance(body, list)] == [1, 1, 2]


def test_cancelling_stops_before_the_next_batch(world: World, vendor: Vendor) -> None:
    place = world.foundry
    job = in_line(place, STOCK, levels(10_001))
    assert pipeline.send_next(place.network.id)
    with network_scope(place.network.id):
        assert cancel(place.network, job, actor="test", now=timezone.now()).state == "cancelled"
        with pytest.raises(StateRefused):
            resume(place.network, job, actor="test")
    send_all(place)
    assert len(vendor.bodies) == 1
    assert state_of(place, job) == ("cancelled", {"accepted": 10_000, "not_sent": 1})


def test_cancelling_what_is_under_way_waits_for_its_answer_and_sends_no_repeat(world: World, vendor: Vendor) -> None:
    place = world.foundry
    job = in_line(place, STOCK, levels(1))
    with network_scope(place.network.id):
        claim = claim_next(place.network, now=timezone.now())
        assert claim is not None
        assert cancel(place.network, job, actor="test", now=timezone.now()).state == "sending"
        assert settle.settle(claim, NothingSent(), now=timezone.now())
    assert state_of(place, job) == ("cancelled", {"not_sent": 1})


def shown(place: ConnectedNetwork, job_id: UUID, state: str) -> list[str]:
    """Return the states of the rows that the page of a job shows when it is narrowed to one state, or not."""
    with network_scope(place.network.id):
        job = Job.objects.get(network_id=place.network.id, id=job_id)
        return [row.state for row in result_page(job, state=state, after=0)[0]]


def test_what_is_under_way_is_being_sent_for_all_who_ask(world: World, vendor: Vendor) -> None:
    """No row is written before there is an answer: its batch says it."""
    place = world.foundry
    job = in_line(place, TASK, {number: {"description": f"task {number}"} for number in (2, 3, 4)})
    with network_scope(place.network.id):
        claim = claim_next(place.network, now=timezone.now())
        assert claim is not None
    assert state_of(place, job) == ("sending", {"sending": 1, "queued": 2})
    assert [shown(place, job, state) for state in ("sending", "queued", "accepted")] == [
        ["sending"], ["queued", "queued"], [],
    ]  # fmt: skip
    assert shown(place, job, "") == ["sending", "queued", "queued"]
    with network_scope(place.network.id):
        assert cancel(place.network, job, actor="test", now=timezone.now()).state == "sending"
    assert state_of(place, job) == ("sending", {"sending": 1, "not_sent": 2})
    with network_scope(place.network.id):
        assert settle.settle(claim, Accepted(202, "req-1"), now=timezone.now())
    assert state_of(place, job) == ("cancelled", {"accepted": 1, "not_sent": 2})


def test_no_row_is_moved_to_being_sent_by_itself(world: World) -> None:
    place = world.foundry
    job = in_line(place, STOCK, levels(1))
    with network_scope(place.network.id), pytest.raises(StateRefused):
        move(place.network.id, job, RowState.QUEUED, RowState.SENDING, now=timezone.now())
    assert state_of(place, job)[1] == {"queued": 1}


@pytest.mark.parametrize(("operation", "end"), [(TASK, {"uncertain": 1}), (STOCK, {"accepted": 1})])
def test_rows_that_say_themselves_that_they_are_being_sent_are_settled_too(
    world: World, vendor: Vendor, operation: str, end: dict[str, int]
) -> None:
    """As releases before wrote them: one may have been under way when a new release took over."""
    place = world.foundry
    job = in_line(place, operation, {2: {"id": "R", "quantity": 1}})
    with network_scope(place.network.id):
        assert claim_next(place.network, now=timezone.now()) is not None
        Row.objects.update(state="sending")
        Batch.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert (state_of(place, job)[1], shown(place, job, "sending")) == ({"sending": 1}, ["sending"])
    send_all(place)
    hurry(place)
    send_all(place)
    assert len(vendor.bodies) == (operation == STOCK)
    assert state_of(place, job)[1] == end


def test_what_is_sent_is_the_item_to_the_letter(world: World, vendor: Vendor) -> None:
    items = {
        2: {"id": 'A\n"B\\', "quantity": 0.5, "note": "é : , \t\u2028", "cleared": None},
        3: {"id": 'A, ": ', "quantity": 10**20, "more": [1, {"a": {}}, "x y"]},
    }
    job_id = in_line(world.foundry, STOCK, items)
    send_all(world.foundry)
    assert vendor.bodies == [[items[2], items[3]]]
    with network_scope(world.foundry.network.id):
        job = Job.objects.get(id=job_id)
        request = request_of(job, 1)
        assert request is not None
        assert request.is_as_sent
        assert bytes(Call.objects.get().request_body) == request.body
    assert len(request.body) == len(json.dumps(vendor.bodies[0], ensure_ascii=False, separators=(",", ":")).encode())


def test_without_a_key_or_where_sending_is_stopped_nothing_leaves(world: World, vendor: Vendor) -> None:
    place = world.foundry
    job = in_line(place, STOCK, levels(1))
    with network_scope(place.network.id):
        Network.objects.filter(id=place.network.id).update(sending_stopped_at=timezone.now())
    send_all(place)
    assert vendor.bodies == []
    with network_scope(place.network.id):
        assert Job.objects.get(id=job).pause == "sending_stopped"


def test_a_job_needs_a_row_and_a_plan_and_stands_in_the_trail(world: World) -> None:
    place = world.foundry
    with pytest.raises(NothingToSend):
        in_line(place, STOCK, {})
    place.network.plan = "starter"
    with pytest.raises(NotInPlan):
        in_line(place, STOCK, levels(1))
    job = in_line(place, TASK, {2: {"description": "x"}})
    with network_scope(place.network.id):
        entry = Entry.objects.get(action="job_submitted")
        assert str(job) in entry.subject
        assert entry.details == {"operation": TASK, "rows": 1}


def test_no_network_sees_or_sends_the_jobs_of_another(world: World, vendor: Vendor) -> None:
    in_line(world.foundry, STOCK, levels(1))
    with network_scope(world.elsewhere.network.id):
        assert not Job.objects.exists()
        assert not Row.objects.exists()
        assert claim_next(world.foundry.network, now=timezone.now()) is None
    send_all(world.elsewhere)
    assert vendor.bodies == []


@given(st.dictionaries(st.sampled_from(list(RowState)), st.integers(0, 3)))
def test_every_ended_job_has_one_end(counts: dict[RowState, int]) -> None:
    assert end_of(counts) in {JobState.DONE, JobState.PARTLY_DONE, JobState.FAILED}
    if counts.get(RowState.UNCERTAIN):
        assert end_of(counts) == JobState.PARTLY_DONE


def test_the_tables_of_states_are_whole() -> None:
    assert set(ROW_TRANSITIONS) == set(RowState)
    assert set(JOB_TRANSITIONS) == set(JobState)
    reached = {state for following in JOB_TRANSITIONS.values() for state in following}
    assert reached | {JobState.DRAFT} == set(JobState)


def test_a_migration_whose_name_was_given_up_holds_no_worker_up(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = in_line(world.foundry, STOCK, levels(1))
    monkeypatch.setattr(release, "known_migrations", lambda: KNOWN - {sorted(KNOWN)[-2]})
    send_all(world.foundry)
    assert state_of(world.foundry, job)[1] == {"accepted": 1}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"0001_initial"}, "belongs to a later release"),
        (KNOWN | {"9999_later"}, r"is not migrated \(9999_later\)"),
    ],
)
def test_a_worker_of_another_release_sends_nothing(
    world: World,
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    known: set[str],
    said: str,
) -> None:
    job = in_line(world.foundry, STOCK, levels(1))
    with monkeypatch.context() as other:
        other.setattr(release, "known_migrations", lambda: frozenset(known))
        send_all(world.foundry)
    assert vendor.bodies == [] and state_of(world.foundry, job)[1] == {"queued": 1}
    assert re.search(said, caplog.text)
    send_all(world.foundry)  # the right one
    assert state_of(world.foundry, job)[1] == {"accepted": 1}
