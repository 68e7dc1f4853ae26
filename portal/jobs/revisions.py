"""Counts what is changed of a checked job, and by whom: nobody sends what a colleague changed unseen."""

from __future__ import annotations

from portal.accounts.models import User
from portal.jobs.models import Job

ANYBODY = ""  # where all of it is another: no person has seen that


def count_change(job: Job, actor: User | str) -> None:
    """Note that somebody changes a job. Needs the network's scope, and a lock on the job."""
    job.revision += 1
    job.changes = job.changes | {_key(actor): job.revision}
    Job.objects.filter(network_id=job.network_id, id=job.id).update(revision=job.revision, changes=job.changes)


def is_unseen(job: Job, actor: User | str, *, seen: int) -> bool:
    """Say whether others have changed a job since the revision that somebody saw. Their own changes they know."""
    if not 0 < seen <= job.revision:
        return True
    return any(revision > seen for who, revision in job.changes.items() if who != _key(actor))


def _key(actor: User | str) -> str:
    return actor if isinstance(actor, str) else str(actor.id)
