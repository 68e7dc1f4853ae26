"""Looks for what is new on a network, and writes a notice for everybody who may open it and wants to hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.models import User
from portal.jobs.notices import Ended, take_ended
from portal.lib.locks import lock
from portal.lib.scope import network_scope
from portal.networks.access import readers_of
from portal.networks.models import Network
from portal.notifications.findings import Found, news_of
from portal.notifications.kinds import JOB, TABLE, Mode
from portal.notifications.models import Notice
from portal.notifications.preferences import mail_due, mode_of

ONCE = timedelta(hours=24)  # the same kind about the same thing is not told twice to one person within this
KEPT = timedelta(days=90)


def look(network_id: UUID, *, now: datetime) -> int:
    """Write the notices of what is new on a network; return how many. One worker at a time, in one transaction."""
    with network_scope(network_id):
        if not lock(f"notices {network_id}", wait=False):
            return 0
        network = Network.objects.select_related("organization").get(id=network_id)
        readers = readers_of(network)
        wanted = {kind.name for kind in TABLE for person in readers if mode_of(person, kind.name) != Mode.OFF}
        found = list(news_of(network, wanted, now=now))
        Notice.objects.filter(network_id=network_id, created_at__lt=now - KEPT).delete()
        return _write(network_id, found, readers, now=now)


def tell_of_jobs(network_id: UUID, *, now: datetime) -> bool:
    """Write the notice of one job that ended or stopped, to whoever sent it; return whether there was one.

    The job is marked in the same transaction: it is told of once, whichever worker is lost when. The bell knows of jobs
    by themselves, until their owner looks at them.
    """
    with network_scope(network_id):
        ended = take_ended(network_id, now=now)
        if ended is None:
            return False
        readers = {person.id: person for person in readers_of(Network.objects.get(id=network_id))}
        person = readers.get(ended.owner)
        if person is not None and ended.is_worth_a_mail:
            _write_of_job(network_id, ended, person, now=now)
        return True


def _write(network_id: UUID, found: Sequence[Found], readers: Sequence[User], *, now: datetime) -> int:
    told = set(
        Notice.objects.filter(
            network_id=network_id, created_at__gt=now - ONCE, kind__in={each.kind for each in found}
        ).values_list("user_id", "kind", "thing")
    )
    notices = [
        Notice(
            network_id=network_id,
            user_id=person.id,
            kind=each.kind,
            thing=each.thing,
            at=each.at,
            said=each.said,
            created_at=now,
            due_at=mail_due(person, mode, now=now),
        )
        for each in found
        for person in readers
        if (mode := mode_of(person, each.kind)) != Mode.OFF and (person.id, each.kind, each.thing) not in told
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=1000)
    return len(notices)


def _write_of_job(network_id: UUID, ended: Ended, person: User, *, now: datetime) -> None:
    due = mail_due(person, mode_of(person, JOB), now=now)
    if due is not None:
        notice = Notice(
            network_id=network_id, user_id=person.id, kind=JOB, thing=str(ended.job), at=ended.at, said=ended.said,
            created_at=now, in_bell=False, due_at=due,
        )  # fmt: skip
        Notice.objects.bulk_create([notice], ignore_conflicts=True)
