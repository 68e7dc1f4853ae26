"""Tells people what became of their jobs: in the bell until they look, and by mail where they will have gone away."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.ending import counts_of
from portal.jobs.models import Job
from portal.jobs.problems import shown
from portal.jobs.states import JOB_LOOKS, JobState
from portal.lib.scope import network_scope
from portal.networks.access import Access, access_of
from portal.networks.models import Network

logger = logging.getLogger(__name__)
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
    return _("The check failed") if job.check_given_up_at else str(JobState(job.state).label)


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


def mail_next(network_id: UUID, *, now: datetime) -> bool:
    """Write to one person whose job ended or stopped; return whether there was one. Opens scopes itself.

    The job is marked before the mail goes out: a mail may be lost, the bell's notice is not, and nobody gets two.
    """
    with network_scope(network_id):
        due = Job.objects.select_for_update(skip_locked=True).filter(
            (Q(submitted_at__isnull=False) & (Q(ended_at__gte=now - LATE) | Q(state=JobState.PAUSED)))
            | Q(check_given_up_at__gte=now - LATE),
            network_id=network_id, mailed_at=None, created_by_id__isnull=False,
        )  # fmt: skip
        job = due.order_by("id").first()
        if job is None:
            return False
        Job.objects.filter(network_id=network_id, id=job.id).update(mailed_at=now)
        network = Network.objects.get(id=network_id)
        counts = counts_of(network_id, job.id)
    owner = job.created_by_id
    person = User.objects.filter(id=owner, is_active=True).first() if owner else None
    if person is None or not _is_worth_a_mail(job, now=now) or network_id not in _networks_of(person):
        return True
    with translation.override(person.language):
        lines = [shown(each).text for each in job.remarks] if job.check_given_up_at else []
        lines += [f"{state.label}: {number_format(count, force_grouping=True)}" for state, count in counts.items()]
        label = _(OPERATIONS[job.operation].label)
        text = _("%(operation)s, %(network)s: %(state)s.\n\n%(rows)s\n\n%(link)s") % {
            "operation": f"{label} ({job.file_name})" if job.file_name else label,
            "network": network.name,
            "state": words_of(job),
            "rows": "\n".join(lines),
            "link": settings.PORTAL_BASE_URL + reverse("job", args=[network.slug, job.id]),
        }
        subject = _("%(operation)s: %(state)s") % {"operation": label, "state": words_of(job)}
        try:
            send_mail(subject, text, None, [person.email])
        except (SMTPException, OSError):
            logger.exception("The mail about job %s could not be sent; the bell says it all the same", job.id)
    return True


def _networks_of(person: User) -> Sequence[UUID]:
    return [network.id for network in access_of(person).networks]


def _is_worth_a_mail(job: Job, *, now: datetime) -> bool:
    """Say whether its owner may have gone away, or must do something."""
    if job.check_given_up_at:
        return True
    begun, ended = job.submitted_at or now, job.ended_at or now
    return job.state != JobState.CANCELLED and (job.state != JobState.DONE or ended - begun > AT_ONCE)
