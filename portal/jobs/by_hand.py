"""Settles uncertain rows by hand: a person looked at Mobility Work, and says what became of them.

It is their word and stays visible as such, with who and when. An event that proves a row outranks it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal.accounts.models import User
from portal.jobs.again import taken_on
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Job, Row
from portal.jobs.moves import move
from portal.jobs.states import IN_PREPARATION, RowState, StateRefused
from portal.networks.acts import record_act
from portal.networks.models import Network

SAID = (RowState.SAID_TAKEN, RowState.SAID_LOST)


class OthersMeanwhile(Exception):
    """Other rows are uncertain than the person saw."""


class GoneOn(Exception):
    """Another job goes on with the row: what was said of it is built upon."""


def settle_row(network: Network, job_id: UUID, number: int, said: RowState, *, actor: User, now: datetime) -> int:
    """Settle one uncertain row as one of SAID; return how many were: 0 where it is not uncertain any more.

    Needs the network's scope, inside a transaction. Raises StateRefused for a job that was never sent.
    """
    _locked(network, job_id)
    return _settle(network, job_id, said, only=Q(number=number), actor=actor, now=now)


def settle_all(network: Network, job_id: UUID, said: RowState, *, seen: int, actor: User, now: datetime) -> int:
    """Settle all uncertain rows of a job as one of SAID, if there are as many as the person saw; return how many.

    Needs the network's scope, inside a transaction. Raises OthersMeanwhile, and StateRefused as `settle_row` does.
    """
    if _locked(network, job_id).uncertain != seen:
        raise OthersMeanwhile
    return _settle(network, job_id, said, only=Q(), actor=actor, now=now)


def take_back(network: Network, job_id: UUID, number: int, *, actor: User, now: datetime) -> int:
    """Make a row uncertain again that was settled by hand; return how many were.

    Needs the network's scope, inside a transaction. Raises GoneOn, and StateRefused as `settle_row` does.
    """
    _locked(network, job_id)
    if number in taken_on(network, job_id):
        raise GoneOn
    count = 0
    for said in SAID:
        only = Q(number=number)
        count += move(network.id, job_id, said, RowState.UNCERTAIN, now=now, only=only, said_by="", said_at=None)
    if count:
        record_act(network, "job_rows_unsettled", actor=actor, about=str(job_id), details={"row": number})
    return count


def _locked(network: Network, job_id: UUID) -> Job:
    lock_jobs(network.id)
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    if job.state in IN_PREPARATION:
        raise StateRefused(job.state, job.state)
    return job


def _settle(network: Network, job_id: UUID, said: RowState, *, only: Q, actor: User, now: datetime) -> int:
    if said not in SAID:
        raise StateRefused(RowState.UNCERTAIN, said)
    uncertain = Row.objects.filter(only, network_id=network.id, job_id=job_id, state=RowState.UNCERTAIN)
    numbers = list(uncertain.order_by("number").values_list("number", flat=True)[:100])
    who = {"said_by": actor.email[:320], "said_at": now}
    count = move(network.id, job_id, RowState.UNCERTAIN, said, now=now, only=only, **who)
    if count:
        details = {"rows": count, "which": numbers, "took_effect": said == RowState.SAID_TAKEN}
        record_act(network, "job_rows_settled", actor=actor, about=str(job_id), details=details)
    return count
