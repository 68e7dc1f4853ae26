"""What became of people's jobs: the lines of their bell until they look, and what portal.notifications mails of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.ending import counts_of
from portal.jobs.models import Job
from portal.jobs.states import JOB_LOOKS, JobState
from portal.networks.access import Access
from portal.networks.models import Network

KEPT = timedelta(days=14)  # in the bell
LATE = timedelta(days=1)  # after that, a mail says nothing new
AT_ONCE = timedelta(minutes=1)  # whoever waits for so long at most has seen it end
SHOWN = 20
STOPPED = Q(ended_at__isnull=False) | Q(state=JobState.PAUSED)


@dataclass(frozen=True, slots=True)
class JobNotice:
    """One line of the bell."""

    job: Job
    network: Network
    label: str  # msgid
    words: str
    state: str
    icon: str


def notices_of(access: Access, *, now: datetime) -> list[JobNotice]:
    """Return the person's jobs that ended, or wait for a person, and that they have not looked at since.

    A page that says no is made inside a transaction that is already given up; it shows none.
    """
    if not access.networks or transaction.get_connection().needs_rollback:
        return []
    networks = {network.id: network for network in access.networks}
    with access.scope():
        mine = Job.objects.filter(network_id__in=list(networks), created_by_id=access.user.id, seen_at=None)
        # Two statements: each has an index of its own.
        ended = mine.filter(STOPPED, submitted_at__gte=now - KEPT).order_by("-id")[:SHOWN]
        given_up = mine.filter(check_given_up_at__gte=now - KEPT).order_by("-id")[:SHOWN]
        return [
            JobNotice(job, networks[job.network_id], OPERATIONS[job.operation].label, words_of(job), *_look(job))
            for job in sorted([*ended, *given_up], key=lambda job: job.id, reverse=True)[:SHOWN]
        ]


def words_of(job: Job) -> str:
    """Return what became of a job, in a word or two."""
    return state_words(job.state, gave_up=job.check_given_up_at is not None)


def state_words(state: str, *, gave_up: bool) -> str:
    """Return a state of a job in words; that its check was given up says more."""
    return _("The check failed") if gave_up else str(JobState(state).label)


def _look(job: Job) -> tuple[str, str]:
    return ("bad", "alert-circle") if job.check_given_up_at else JOB_LOOKS[JobState(job.state)]


def mark_seen(job: Job, person: User, *, now: datetime) -> None:
    """Take a job that has ended, stopped or failed out of its owner's bell. Needs the network's scope."""
    is_theirs = job.created_by_id == person.id and job.seen_at is None
    is_over = job.submitted_at is not None and (job.ended_at is not None or job.state == JobState.PAUSED)
    if is_theirs and (is_over or job.check_given_up_at):
        Job.objects.filter(STOPPED | Q(check_given_up_at__isnull=False), network_id=job.network_id, id=job.id).update(
            seen_at=now
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that ended or stopped, of which its owner is to be told."""

    job: UUID
    owner: UUID
    at: datetime
    said: dict[str, Any]
    is_worth_a_mail: bool


def take_ended(network_id: UUID, *, now: datetime) -> Ended | None:
    """Take one job of whose end or stop nobody was told, and mark it. Needs the scope, inside a transaction.

    The mark and what the caller writes of it are one: neither is there without the other.
    """
    due = Job.objects.select_for_update(skip_locked=True).filter(
        (Q(submitted_at__isnull=False) & (Q(ended_at__gte=now - LATE) | Q(state=JobState.PAUSED)))
        | Q(check_given_up_at__gte=now - LATE),
        network_id=network_id, mailed_at=None, created_by_id__isnull=False,
    )  # fmt: skip
    job = due.order_by("id").first()
    if job is None or job.created_by_id is None:
        return None
    Job.objects.filter(network_id=network_id, id=job.id).update(mailed_at=now)
    counts = counts_of(network_id, job.id)
    said = {
        "operation": job.operation,
        "file": job.file_name,
        "state": job.state,
        "gave_up": job.check_given_up_at is not None,
        "remarks": job.remarks if job.check_given_up_at else [],
        "counts": [[str(state), count] for state, count in counts.items()],
    }
    at = job.check_given_up_at or job.ended_at or now
    return Ended(job.id, job.created_by_id, at, said, _is_worth_a_mail(job, now=now))


def _is_worth_a_mail(job: Job, *, now: datetime) -> bool:
    """Say whether its owner may have gone away, or must do something."""
    if job.check_given_up_at:
        return True
    begun, ended = job.submitted_at or now, job.ended_at or now
    return job.state != JobState.CANCELLED and (job.state != JobState.DONE or ended - begun > AT_ONCE)
