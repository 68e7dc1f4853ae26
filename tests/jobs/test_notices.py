"""How people hear that their jobs ended: by the bell until they look, and by mail where they will have gone away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Membership, User
from portal.jobs.models import Job
from portal.jobs.notices import notices_of
from portal.lib.scope import network_scope
from portal.networks.access import access_of
from portal.notifications.kinds import JOB
from portal.notifications.mails import mail_person, people_with_mail_due
from portal.notifications.preferences import set_modes
from portal.notifications.record import tell_of_jobs
from tests.jobs.test_again import refusal, send
from tests.jobs.test_drafts import Desk, desk
from tests.jobs.test_sending import Vendor, vendor

__all__ = ["desk", "vendor"]
pytestmark = pytest.mark.django_db
FILE = "id,quantity\nA-1,12\n"


def bell(person: User) -> list[tuple[str, str]]:
    return [(each.job.state, each.state) for each in notices_of(access_of(person), now=timezone.now())]


def write_all(desk: Desk) -> None:
    while tell_of_jobs(desk.network.id, now=timezone.now()):
        pass
    for person, networks in people_with_mail_due().items():
        while mail_person(person, networks, now=timezone.now()):
            pass


def test_the_bell_names_my_ended_jobs_until_i_look(desk: Desk, vendor: Vendor, client: Client) -> None:
    bob, alice = desk.world.bob, desk.world.alice
    job = send(desk, desk.checked(FILE))
    assert (bell(bob), bell(alice)) == ([("done", "good")], [])
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get(f"/networks/foundry/jobs/{job.id}/")
    assert bell(bob) == [("done", "good")]  # that somebody else looked says nothing
    client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Your jobs" in client.get("/").content.decode()
    page = client.get(f"/networks/foundry/jobs/{job.id}/").content.decode()
    assert "Your jobs" not in page
    assert bell(bob) == []


def test_a_job_under_way_is_no_notice_and_a_paused_one_is(desk: Desk, vendor: Vendor) -> None:
    desk.checked(FILE)
    assert bell(desk.world.bob) == []
    vendor.answers = [401]
    job = desk.checked(FILE.replace("A-1", "B-1"))
    send(desk, job)
    assert bell(desk.world.bob) == [("paused", "warn")]


def test_nobody_is_told_of_a_network_that_they_may_not_open_any_more(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [refusal("/0/id")]
    send(desk, desk.checked(FILE))
    Membership.objects.filter(user=desk.world.bob).delete()
    assert bell(desk.world.bob) == []
    write_all(desk)
    assert mail.outbox == []


def test_a_mail_says_what_failed_once_and_in_the_readers_language(desk: Desk, vendor: Vendor) -> None:
    User.objects.filter(id=desk.world.bob.id).update(language="fr")
    vendor.answers = [refusal("/0/id")]
    job = send(desk, desk.checked(FILE + "B-2,x\n"))
    write_all(desk)
    write_all(desk)
    [written] = mail.outbox
    assert written.to == ["bob@example.com"]
    assert f"/networks/foundry/jobs/{job.id}/" in written.body
    assert "stock.csv" in written.body and "Foundry" in written.body
    assert "Remplacer" in written.subject  # in French


def test_what_went_well_at_once_needs_no_mail(desk: Desk, vendor: Vendor) -> None:
    send(desk, desk.checked(FILE))
    write_all(desk)
    assert mail.outbox == []
    with network_scope(desk.network.id):
        assert Job.objects.get().mailed_at is not None
    slow = desk.checked(FILE.replace("A-1", "B-1"))
    send(desk, slow)
    with network_scope(desk.network.id):
        Job.objects.filter(id=slow.id).update(submitted_at=timezone.now() - timedelta(minutes=5), mailed_at=None)
    write_all(desk)
    assert len(mail.outbox) == 1


def test_who_wants_to_hear_nothing_of_jobs_hears_nothing(desk: Desk, vendor: Vendor, client: Client) -> None:
    bob = desk.world.bob
    set_modes(bob, {JOB: "off"})
    vendor.answers = [refusal("/0/id")]
    send(desk, desk.checked(FILE))
    write_all(desk)
    assert mail.outbox == []
    client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Your jobs" not in client.get("/help/").content.decode()
