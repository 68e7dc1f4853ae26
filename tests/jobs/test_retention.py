"""What an organization has kept for long enough goes; the job itself stays, and every page says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Organization
from portal.jobs.maxima import maxima_of
from portal.jobs.models import Call, Job, JobFile, Row
from portal.jobs.retention import kept_until
from portal.jobs.states import JobState, RowState
from portal.jobs.submit import NothingToSend
from portal.lib.scope import network_scope, tenant_scope
from portal.networks.models import Network
from portal.trail.models import Entry
from tests.api.test_routes import Reader, token_for
from tests.jobs.test_again import go_on, refusal, send
from tests.jobs.test_drafts import TASK, Desk
from tests.jobs.test_pages import bob, text_of
from tests.jobs.test_sending import Vendor, in_line, send_all, vendor
from tests.world import World

__all__ = ["bob", "vendor"]
# The owner removes on a connection of its own, which sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def apply(**options: Any) -> str:
    out = StringIO()
    call_command("apply_retention", stdout=out, **options)
    return out.getvalue()


def sent_job(world: World, folder: Path, *, years_ago: float, network: Network | None = None) -> Job:
    """A job of three rows, of which one has an error, that ended so long ago."""
    desk = Desk(world, folder)
    if network is not None:
        desk.network = network
    job = send(desk, desk.checked("id,quantity\nA-1,1\nA-2,2\nA-3,x\n"))
    let_pass(desk.network, job, years_ago=years_ago)
    return job


def let_pass(network: Network, job: Job, *, years_ago: float) -> None:
    ended = timezone.now() - timedelta(days=365.25 * years_ago)
    with network_scope(network.id):
        Job.objects.filter(network_id=network.id, id=job.id).update(ended_at=ended, submitted_at=ended)


def test_what_went_on_in_another_job_is_not_offered_again(world: World, vendor: Vendor, tmp_path: Path) -> None:
    """A task that a job of its own has taken is never sent twice, though that job's rows are older than is kept."""
    desk = Desk(world, tmp_path)
    row = "P-1,Grease it {},2030-01-07 08:00,2030-01-07 09:00,anna@example.com\n"
    columns = "equipment,description,startDateTime,endDateTime,assignees\n"
    job = desk.checked(columns + row.format(1) + row.format(2), TASK)
    vendor.answers = [refusal("/description")]
    job = send(desk, job)
    rest = send(desk, go_on(desk, job, RowState.REJECTED))
    call_command("set_retention", organization="acme-plants", years=1)
    let_pass(desk.network, rest, years_ago=1.1)
    apply()
    with pytest.raises(NothingToSend):
        go_on(desk, job, RowState.REJECTED)
    let_pass(desk.network, job, years_ago=1.1)
    apply()
    apply()
    for each in (job, rest):
        assert left_of(desk.network, each)[:2] == (0, 0)


def test_a_draft_that_nobody_sent_goes_too(world: World, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    job = desk.checked("id,quantity\nA-1,1\n")
    with network_scope(desk.network.id):
        Job.objects.filter(id=job.id).update(created_at=timezone.now() - timedelta(days=9 * 366))
    apply()
    assert left_of(desk.network, job)[:2] == (0, 0)
    with network_scope(desk.network.id):
        assert Job.objects.get(id=job.id).state == JobState.CANCELLED


def left_of(network: Network, job: Job) -> tuple[int, int, bool]:
    """How many pieces of its file and rows are left of a job, and whether a call still has its body."""
    with network_scope(network.id):
        mine = {"network_id": network.id, "job_id": job.id}
        bodies = [bytes(call.request_body) for call in Call.objects.filter(**mine)]
        return JobFile.objects.filter(**mine).count(), Row.objects.filter(**mine).count(), any(bodies)


WHOLE, GONE = (1, 3, True), (0, 0, False)


def test_contents_go_once_they_were_kept_for_long_enough(world: World, vendor: Vendor, tmp_path: Path) -> None:
    network = world.foundry.network
    old, young = (sent_job(world, tmp_path, years_ago=years) for years in (7.1, 6.9))
    assert left_of(network, old) == left_of(network, young) == WHOLE
    assert "contents of 1 jobs" in apply(dry_run=True, organization="acme-plants")
    assert left_of(network, old) == WHOLE
    said = apply()
    assert "acme-plants, kept for 7 years: contents of 1 jobs" in said
    assert (left_of(network, old), left_of(network, young)) == (GONE, WHOLE)
    with network_scope(network.id):
        job = Job.objects.get(id=old.id)
        call = Call.objects.get(job_id=old.id)
        [entry] = Entry.objects.filter(action="job_content_removed")
    assert (job.rows, job.kept_years, job.kept_counts) == (3, 7, {"accepted": 2, "held": 1})
    assert (call.status, call.response_headers, call.request_bytes > 0) == (202, {}, True)
    assert (entry.actor, entry.details, str(old.id) in entry.subject) == ("command line", {"years": 7, "rows": 3}, True)
    assert "contents of 0 jobs and 0 entries" in apply()  # a later run has nothing to do
    with network_scope(network.id):
        assert Entry.objects.filter(action="job_content_removed").count() == 1


def test_each_organization_keeps_its_own(world: World, vendor: Vendor, tmp_path: Path) -> None:
    Organization.objects.filter(id=world.other.id).update(retention_years=10)
    elsewhere = World(**{**vars(world), "foundry": world.elsewhere})
    ours, theirs = (sent_job(place, tmp_path, years_ago=8) for place in (world, elsewhere))
    said = apply()
    assert "next-door, kept for 10 years: contents of 0 jobs and 0 entries" in said
    assert left_of(world.foundry.network, ours) == GONE
    assert left_of(world.elsewhere.network, theirs) == WHOLE
    Organization.objects.filter(id=world.other.id).update(retention_years=7)
    assert "next-door" not in apply(organization="acme-plants")
    assert left_of(world.elsewhere.network, theirs) == WHOLE


def test_no_page_or_worker_removes_what_was_submitted(world: World, vendor: Vendor, tmp_path: Path) -> None:
    job = sent_job(world, tmp_path, years_ago=8)
    for alias in ("default", "owner"):
        setting = "on" if alias == "default" else ""  # it is the owner's alone to use
        with network_scope(world.foundry.network.id, using=alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT set_config('portal.retention', %s, true)", [setting])
            with pytest.raises(DatabaseError, match="cannot be deleted"), transaction.atomic(using=alias):
                Row.objects.using(alias).filter(job_id=job.id).delete()
    with pytest.raises(DatabaseError, match="permission denied"), network_scope(world.foundry.network.id):
        JobFile.objects.filter(job_id=job.id).delete()


def test_what_has_not_ended_is_kept(world: World, vendor: Vendor, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    job = desk.checked("id,quantity\nA-1,1\nA-2,2\nA-3,x\n")
    with network_scope(desk.network.id):
        long_ago = timezone.now() - timedelta(days=9_000)
        Job.objects.update(created_at=long_ago, submitted_at=long_ago, state=JobState.PAUSED)
    apply()
    assert left_of(desk.network, job)[:2] == WHOLE[:2]


def test_pages_say_until_when_and_then_why_there_is_nothing_to_take(
    world: World, vendor: Vendor, bob: Client, tmp_path: Path
) -> None:
    job = sent_job(world, tmp_path, years_ago=6.9)
    address = f"/networks/foundry/jobs/{job.id}/"
    page = bob.get(address)
    assert "they are kept for 7 years after the end." in text_of(page)
    assert address + "results/" in page.content.decode()
    let_pass(world.foundry.network, job, years_ago=7.1)
    apply()
    page = bob.get(address)
    text = text_of(page)
    said = "Its file, its rows and what was said in its requests were removed after 7 years, on"
    assert said in text and "2 of 2 rows answered" in text and "can be taken away until" not in text
    assert not any(f"{address}{what}/" in page.content.decode() for what in ("results", "checked", "file", "bad-rows"))
    assert "Mend what was held back" not in text
    for what in ("results/", "checked/", "file/", "bad-rows/", "requests/1/", "requests/1/?download=1"):
        answer: Any = bob.get(address + what, follow=True)
        assert answer.redirect_chain[-1][0] == address and said in text_of(answer), what
    assert bob.get(address + "?state=held").status_code == 200
    assert "No row of this job is left" in text_of(bob.post(address + "go-on/", {"state": "held"}, follow=True))
    with network_scope(world.foundry.network.id):
        call = Call.objects.get(job_id=job.id)
    assert "kept for 7 years" in text_of(bob.get(f"{address}calls/{call.id}/"))
    assert bob.get(f"{address}requests/1/support/").status_code == 200
    reader = Reader(token_for(world.organization))
    found = reader.get(address.strip("/")).json()
    assert found["rowStates"] == {"accepted": 2, "held": 1} and found["contentRemovedAt"]
    assert reader.items(f"{address}rows".strip("/")) == []
    admin = Client()
    admin.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "and the audit trail, for 7 years" in text_of(admin.get("/people/", follow=True))


def test_the_audit_trail_goes_too_and_only_that_of_the_organization(world: World) -> None:
    long_ago = timezone.now() - timedelta(days=365.25 * 7.1)
    nobody = {"organization_id": None, "network_id": None}
    places: list[dict[str, Any]] = [
        {"organization_id": world.organization.id}, {"network_id": world.foundry.network.id},
        {"organization_id": world.other.id}, nobody,
    ]  # fmt: skip
    Entry.objects.using("owner").bulk_create(
        [Entry(at=long_ago, actor="x", action="signed_in", **(nobody | place)) for place in places]
    )
    before = Entry.objects.using("owner").count()
    assert "2 entries" in apply(organization="acme-plants", dry_run=True)
    assert "2 entries" in apply(organization="acme-plants")
    kept = Entry.objects.using("owner").filter(at=long_ago).values_list("organization_id", flat=True)
    assert set(kept) == {world.other.id, None}
    assert Entry.objects.using("owner").count() == before - 2 + 1
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        assert Entry.objects.get(action="trail_entries_removed").details == {"years": 7, "entries": 2}
    assert "0 entries" in apply(organization="acme-plants")


def test_years_are_set_by_whoever_runs_the_portal(world: World) -> None:
    call_command("set_retention", organization="acme-plants", years=10, actor="alice@example.com", stdout=StringIO())
    world.organization.refresh_from_db()
    assert world.organization.retention_years == 10
    with tenant_scope(networks=[], organizations=[world.organization.id]):
        entry = Entry.objects.get(action="retention_changed")
    assert (entry.actor, entry.details) == ("alice@example.com", {"before": 7, "after": 10})
    for years in (0, -1, 101):
        with pytest.raises(CommandError, match="between 1 and 100"):
            call_command("set_retention", organization="acme-plants", years=years)
    with pytest.raises(CommandError, match="no organization"):
        call_command("set_retention", organization="nowhere", years=5)
    with pytest.raises(CommandError, match="no organization"):
        apply(organization="nowhere")


def test_a_leap_day_ends_on_the_28th() -> None:
    organization = Organization(retention_years=7)
    moment = datetime.fromisoformat("2024-02-29T10:00:00+00:00")
    assert kept_until(Job(ended_at=moment), organization) == datetime.fromisoformat("2031-02-28T10:00:00+00:00")
    assert kept_until(Job(), organization) is None


def test_how_far_a_part_is_filled_up_is_known_beyond_retention(world: World, vendor: Vendor, settings: Any) -> None:
    place, update = world.foundry, "updateSpareParts"
    settings.PORTAL_GRACE_MINUTES = 0
    asked = [(place.network.id, "id:7", "A-1"), (place.network.id, "ref:B-1", "B-1"), (place.network.id, "id:9", "C-1")]

    def maxima() -> dict[str, int]:
        with network_scope(place.network.id):
            return {part: int(each.quantity) for (_network, part), each in maxima_of(asked).items()}

    def sent(operation: str, *items: dict[str, Any], answer: int = 202) -> Job:
        vendor.answers = [answer]
        job_id = in_line(place, operation, dict(enumerate(items, 2)))
        send_all(place)
        with network_scope(place.network.id):
            return Job.objects.get(id=job_id)

    jobs = [
        sent(
            "createSpareParts", {"externalReference": "B-1", "maximumStock": 20},
            {"externalReference": "C-1", "maximumStock": 30}, {"externalReference": "D-1"},
        ),
        sent(update, {"id": "A-1", "maximumStock": 55}, {"id": "B-1", "maximumStock": 60}),
        sent(update, {"id": "A-1", "maximumStock": 56}),
        sent(update, {"id": "A-1", "maximumStock": 99}, answer=400),
    ]  # fmt: skip
    known = {"id:7": 56, "ref:B-1": 60, "id:9": 30}
    assert maxima() == known
    for gone in (2, 0, 1, 3):  # the latest is kept, in whatever order their jobs are removed
        let_pass(place.network, jobs[gone], years_ago=7.1)
        apply()
        assert left_of(place.network, jobs[gone]) == GONE
        assert maxima() == known
    with network_scope(place.network.id):
        [kept] = maxima_of(asked[:1]).values()
        assert (kept.job_id, kept.row) == (jobs[2].id, 2)
    with network_scope(world.annex.network.id):
        assert maxima_of(asked) == {}
    # What comes later counts, also where it takes the maximum away, and beyond its own retention.
    cleared = sent(update, {"id": "B-1", "maximumStock": None})
    assert maxima() == {"id:7": 56, "id:9": 30}
    let_pass(place.network, cleared, years_ago=7.1)
    apply()
    assert maxima() == {"id:7": 56, "id:9": 30}
