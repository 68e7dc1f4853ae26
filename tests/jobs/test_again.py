"""Going on with what a job left, and repeating on production what was rehearsed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Membership, NetworkRole
from portal.jobs.again import rest_of
from portal.jobs.drafts import choose_columns
from portal.jobs.edit import leave_out
from portal.jobs.models import Job, Row
from portal.jobs.states import RowState
from portal.jobs.submit import NothingToSend, cancel, submit
from portal.jobs.typed import with_cells
from portal.lib.scope import network_scope
from portal.networks.models import Network
from portal.trail.models import Entry
from tests.jobs.test_drafts import PARTS, STOCK, TASK, Desk, desk
from tests.jobs.test_pages import press_send, text_of
from tests.jobs.test_sending import Vendor, send_all, vendor
from tests.world import World

__all__ = ["desk", "vendor"]
pytestmark = pytest.mark.django_db

HEAD = "externalReference,name,unitPrice,stock.quantity\n"


def refusal(pointer: str) -> tuple[int, dict[str, str], bytes]:
    errors = {pointer: [{"messageKey": "error.payload.min_length", "parameters": {"min": 3, "length": 1}}]}
    body = {"message": "The request payload is not valid.", "extended_message": {"property_errors": errors}}
    return 400, {"Content-Type": "application/json"}, json.dumps(body).encode()


def send(desk: Desk, job: Job) -> Job:
    with network_scope(desk.network.id):
        submit(desk.network, job.id, send_good=True, actor=desk.world.bob, now=timezone.now())
    send_all(desk.world.foundry)
    return desk.job(job)


def go_on(desk: Desk, job: Job, *states: RowState) -> Job:
    return with_cells(
        job,
        lambda typed: rest_of(desk.network, job.id, states, typed=typed, actor=desk.world.bob, now=timezone.now()),
    )


def states(desk: Desk, job: Job) -> dict[int, str]:
    return {row.number: row.state for row in desk.rows(job)}


def test_the_rest_of_a_refused_request_goes_out_in_a_job_of_its_own(desk: Desk, vendor: Vendor) -> None:
    job = desk.checked(HEAD + "A-1,Bearing,3.50,1\nB-2,Belt,9,2\nC-3,Hose,5,3\n", PARTS)
    vendor.answers = [refusal("/1/name")]
    job = send(desk, job)
    assert states(desk, job) == {2: "not_sent", 3: "rejected", 4: "not_sent"}
    rest = go_on(desk, job, RowState.NOT_SENT)
    assert (rest.previous_id, rest.rows, states(desk, rest)) == (job.id, 2, {2: "ready", 4: "ready"})
    assert [row.cells["externalReference"] for row in desk.rows(rest) if row.cells] == ["A-1", "C-3"]
    assert send(desk, rest).state == "done"
    assert [item["externalReference"] for item in vendor.bodies[-1]] == ["A-1", "C-3"]
    with network_scope(desk.network.id):
        assert Entry.objects.filter(action="job_gone_on_with").count() == 1


def test_only_rows_of_a_refused_request_rest_on_an_assumption(desk: Desk, vendor: Vendor, client: Client) -> None:
    head = "equipment,description,startDateTime,endDateTime,assignees\n"
    row = "P-1,Grease it {},2030-01-07 08:00,2030-01-07 09:00,anna@example.com\n"
    tasks = desk.checked(head + row.format(1) + row.format(2), TASK)
    with network_scope(desk.network.id):
        submit(desk.network, tasks.id, send_good=True, actor=desk.world.bob, now=timezone.now())
        cancel(desk.network, tasks.id, actor=desk.world.bob, now=timezone.now())
    client.force_login(desk.world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = text_of(client.get(f"/networks/foundry/jobs/{tasks.id}/"))
    assert "2 rows were in no request when the job was cancelled, and can go out as they are." in page
    assert "assumption" not in page
    parts = desk.checked(HEAD + "A-1,Bearing,3.50,1\nB-2,Belt,9,2\nC-3,Hose,5,3\n", PARTS)
    vendor.answers = [refusal("/1/name")]
    send(desk, parts)
    page = text_of(client.get(f"/networks/foundry/jobs/{parts.id}/"))
    assert "2 rows can go out once more on one assumption" in page


def test_no_row_is_in_two_jobs_that_go_on_with_one(desk: Desk, vendor: Vendor) -> None:
    job = desk.checked(HEAD + "A-1,Bearing,3.50,1\nB-2,Belt,9,2\n", PARTS)
    vendor.answers = [refusal("/0/name")]
    job = send(desk, job)
    first = go_on(desk, job, RowState.NOT_SENT)
    with pytest.raises(NothingToSend):
        go_on(desk, job, RowState.NOT_SENT)
    # Discarded before it was sent, it holds nothing back.
    with network_scope(desk.network.id):
        Job.objects.filter(id=first.id).update(state="cancelled")
    assert go_on(desk, job, RowState.NOT_SENT).rows == 1


def test_a_row_that_another_job_left_out_or_held_is_in_that_job_only(desk: Desk, vendor: Vendor) -> None:
    job = desk.checked(HEAD + "A-1,Bearing,3.50,1\nB-2,Belt,9,2\nC-3,Hose,5,3\n", PARTS)
    vendor.answers = [refusal("/1/name")]
    job = send(desk, job)
    rest = go_on(desk, job, RowState.NOT_SENT)
    with network_scope(desk.network.id):
        leave_out(desk.network, rest.id, [2], typed={}, actor="test", now=timezone.now())
    with pytest.raises(NothingToSend):
        go_on(desk, job, RowState.NOT_SENT)
    assert go_on(desk, job, RowState.REJECTED).rows == 1


def test_what_was_sent_or_may_have_been_is_never_among_it(desk: Desk, vendor: Vendor) -> None:
    head = "equipment,description,startDateTime,endDateTime,assignees\n"
    row = "P-1,Grease it {},2030-01-07 08:00,2030-01-07 09:00,anna@example.com\n"
    job = desk.checked(head + row.format(1) + row.format(2), TASK)
    vendor.answers = [201, "drop"]
    job = send(desk, job)
    assert states(desk, job) == {2: "accepted", 3: "uncertain"}
    with pytest.raises(NothingToSend):
        go_on(desk, job, *RowState)


def test_a_rejected_row_is_mended_with_what_the_vendor_said_beside_it(
    desk: Desk, vendor: Vendor, client: Client
) -> None:
    job = desk.checked("reference,quantity\nA-1,12\nB-2,x\n")
    vendor.answers = [refusal("/0/id")]
    job = send(desk, job)
    assert states(desk, job) == {2: "rejected", 3: "held"}
    client.force_login(desk.world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/networks/foundry/jobs/{job.id}/").content.decode()
    assert "Mend what was rejected (1)" in page
    answer: Any = client.post(f"/networks/foundry/jobs/{job.id}/go-on/", {"state": ["rejected", "held"]}, follow=True)
    page = answer.content.decode()
    assert "<b>A2</b>: Too short: 1 characters, at least 3 are needed." in page
    assert "is no whole number" in page
    address = answer.redirect_chain[-1][0].replace("check/", "")
    client.post(address + "rows/2/", {"cell-id": "A-100"})
    page = client.get(address + "check/").content.decode()
    assert "Too short" not in page
    with network_scope(desk.network.id):
        again = Job.objects.exclude(id=job.id).get()
    assert states(desk, again) == {2: "ready", 3: "invalid"}
    # There is no file of its own to understand anew.
    assert client.get(address + "columns/").status_code == 302
    assert client.get(address + "file/").status_code == 404


@pytest.fixture
def paired(world: World) -> Network:
    """Make the foundry the sandbox of the annex, on both of which Bob is a manager."""
    foundry, annex = world.foundry.network, world.annex.network
    Network.objects.filter(id=foundry.id).update(kind="sandbox", production=annex)
    NetworkRole.objects.create(membership=Membership.objects.get(user=world.bob), network=annex, role="manager")
    foundry.refresh_from_db()
    return annex


def test_a_rehearsed_file_is_repeated_on_production_byte_by_byte(
    desk: Desk, paired: Network, vendor: Vendor, client: Client, tmp_path: Path
) -> None:
    job = desk.draft("Menge;Artikel\n12;A-1\n")
    with network_scope(desk.network.id):
        choose_columns(desk.network, job.id, ["quantity", "id"], identifier_types={}, now=timezone.now())
    job = send(desk, desk.check(job))
    client.force_login(desk.world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Repeat on production" in client.get(f"/networks/foundry/jobs/{job.id}/").content.decode()
    answer: Any = client.post(f"/networks/foundry/jobs/{job.id}/repeat/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/networks/annex/jobs/")
    with network_scope(paired.id):
        made = Job.objects.get()
        assert not Row.objects.exists()
    assert (made.previous_id, made.previous_network_id) == (job.id, desk.network.id)
    assert bytes(made.file_digest or b"") == bytes(job.file_digest or b"?")
    assert (made.state, made.columns) == ("draft", ["quantity", "id"])
    assert len(vendor.bodies) == 1  # nothing was sent to production


def test_who_may_not_send_to_production_cannot_repeat_there(desk: Desk, vendor: Vendor, client: Client) -> None:
    world = desk.world
    job = send(desk, desk.checked("id,quantity\nA-1,12\n"))
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(f"/networks/foundry/jobs/{job.id}/repeat/").status_code == 404
    Network.objects.filter(id=world.foundry.network.id).update(kind="sandbox", production=world.annex.network)
    assert client.post(f"/networks/foundry/jobs/{job.id}/repeat/").status_code == 404
    assert "Repeat on production" not in client.get(f"/networks/foundry/jobs/{job.id}/").content.decode()


def test_a_form_is_repeated_with_what_was_typed(desk: Desk, paired: Network, vendor: Vendor, client: Client) -> None:
    client.force_login(desk.world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    made: Any = client.post(f"/networks/foundry/send/{STOCK}/one/", {"cell-id": "A-1", "cell-quantity": "4"})
    address = made["Location"].replace("check/", "")
    press_send(client, address)
    answer: Any = client.post(address + "repeat/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/networks/annex/jobs/")
    with network_scope(paired.id):
        assert Row.objects.get().item == {"id": {"type": "externalReference", "value": "A-1"}, "quantity": 4}
