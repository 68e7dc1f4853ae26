"""Checks that fail for a fault of ours end, and say so; checks of one network keep no worker from the others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.jobs import background, checking
from portal.jobs.checking import MAX_ATTEMPTS, check_next
from portal.jobs.drafts import draft_of_file, start_check
from portal.jobs.models import Job
from portal.lib.scope import network_scope
from portal.notifications.mails import mail_person
from portal.notifications.record import tell_of_jobs
from tests.jobs.test_drafts import Desk
from tests.jobs.test_pages import bob, text_of
from tests.world import ConnectedNetwork, World

__all__ = ["bob"]
pytestmark = pytest.mark.django_db


def started(place: ConnectedNetwork, world: World, tmp_path: Path) -> Job:
    path = tmp_path / "stock.csv"
    path.write_text("id,quantity\nA-1,12\n")
    job = draft_of_file(
        place.network, "replaceSparePartStock", path, file_name="stock.csv", actor=world.bob, now=timezone.now()
    )
    with network_scope(place.network.id):
        return start_check(place.network, job.id)


def now_of(job: Job) -> Job:
    with network_scope(job.network_id):
        return Job.objects.get(network_id=job.network_id, id=job.id)


def pause_is_over(job: Job) -> None:
    with network_scope(job.network_id):
        Job.objects.filter(id=job.id).update(check_lease_until=timezone.now() - timedelta(seconds=1))


def test_a_check_that_fails_is_tried_again_and_then_told(
    world: World, bob: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(world.foundry, world, tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(checking, "Preflight", lambda *values: 1 / 0)
        for _ in range(MAX_ATTEMPTS):
            assert check_next(world.foundry.network.id)
            assert now_of(job).state == "checking"
            assert not check_next(world.foundry.network.id)  # not at once
            pause_is_over(job)
        assert check_next(world.foundry.network.id)
        assert not check_next(world.foundry.network.id)
    job = now_of(job)
    assert (job.state, job.rows) == ("draft", 0) and job.check_given_up_at
    # Its owner is told: in the bell until they look, by mail, and on the page.
    assert "The check failed" in text_of(bob.get("/timeline/"))
    assert world.foundry.network.id in background._due("portal_networks_with_job_mails_due")
    assert tell_of_jobs(world.foundry.network.id, now=timezone.now())
    assert not tell_of_jobs(world.foundry.network.id, now=timezone.now())
    assert mail_person(world.bob.id, [world.foundry.network.id], now=timezone.now())
    [message] = mail.outbox
    assert message.to == ["bob@example.com"] and "The check failed" in message.subject
    assert "for a fault of the portal" in message.body and str(job.id) in message.body
    page: Any = bob.get(f"/networks/foundry/jobs/{job.id}/", follow=True)
    assert "The check failed 3 times, for a fault of the portal." in text_of(page)
    assert "The check failed" not in text_of(bob.get("/timeline/"))
    # Once more, from the page.
    with network_scope(world.foundry.network.id):
        start_check(world.foundry.network, job.id)
    assert check_next(world.foundry.network.id)
    job = now_of(job)
    assert (job.state, job.check_attempts, job.check_given_up_at) == ("checked", 0, None)


def test_a_worker_that_is_killed_each_time_is_no_endless_loop(world: World, tmp_path: Path) -> None:
    job = started(world.foundry, world, tmp_path)
    for _ in range(MAX_ATTEMPTS):
        checking._take(world.foundry.network.id)  # and is gone
        assert not check_next(world.foundry.network.id)
        pause_is_over(job)
    assert check_next(world.foundry.network.id)
    assert now_of(job).state == "draft" and now_of(job).check_given_up_at


def test_checks_of_many_files_take_turns_with_those_of_other_networks(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(background.check, "apply_async", lambda args, **options: asked.append(args))
    many = [started(world.foundry, world, tmp_path) for _ in range(4)]
    other = started(world.elsewhere, world, tmp_path)
    one = str(world.foundry.network.id)
    background.check(one)
    background.check(one)  # each message asks for the network with the many files
    assert now_of(other).state == "checked"
    assert [now_of(job).state for job in many].count("checked") == 1
    for _ in range(3):
        background.check(one)
    assert {now_of(job).state for job in many} == {"checked"}
    assert asked == [(one,)] * 4  # as long as something is left
    background.check(one)
    assert len(asked) == 4


def test_a_file_that_cannot_be_read_is_no_fault_of_ours(world: World, tmp_path: Path) -> None:
    desk = Desk(world, tmp_path)
    job = desk.checked("id,quantity\nA-1,12\n")
    assert (job.check_attempts, job.check_given_up_at) == (0, None)
