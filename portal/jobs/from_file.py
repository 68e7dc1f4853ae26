"""From a file to a checked job in one call, for those who wait: commands, and whoever automates them."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from portal.accounts.models import User
from portal.jobs.checking import check_next
from portal.jobs.drafts import LEFT_OUT, choose_columns, doubled, draft_of_file, start_check
from portal.jobs.models import Job
from portal.jobs.problems import shown
from portal.jobs.states import JobState
from portal.lib.scope import network_scope
from portal.networks.models import Network

PATIENCE = timedelta(minutes=30)
POLL_SECONDS = 0.2


class UnclearColumns(Exception):
    """Some headings mean nothing that is known, or two mean the same: a person must say, on the page."""

    def __init__(self, headings: list[str]) -> None:
        super().__init__(", ".join(headings))
        self.headings = headings


class UnreadableFile(Exception):
    """The file cannot be read to its end; `str()` says why and what to do."""


def draft_and_check(
    network: Network, operation_name: str, path: Path, *, actor: User | str, leave_unclear_out: bool = False
) -> Job:
    """Make a draft of a file and check it; return it checked. Opens scopes itself.

    Raises UnclearColumns (before anything is checked), Undecided where a column that every row needs is not there,
    UnreadableFile, NotInPlan, TabularError, and KeyError for an operation that there is not.
    """
    job = draft_of_file(network, operation_name, path, file_name=path.name, actor=actor, now=timezone.now())
    twice = doubled(job.columns)
    unclear = [
        heading for heading, meant in zip(job.heading, job.columns, strict=True) if meant is None or meant in twice
    ]
    with network_scope(network.id):
        if unclear and leave_unclear_out:
            columns = [LEFT_OUT if meant is None else meant for meant in job.columns]
            job = choose_columns(
                network, job.id, columns, identifier_types=job.identifier_types, now=timezone.now(), remember=False
            )
        elif unclear:
            raise UnclearColumns(unclear)
        start_check(network, job.id)
    deadline = timezone.now() + PATIENCE
    while (job := _job(network, job)).state == JobState.CHECKING and timezone.now() < deadline:
        # A worker may be at it already.
        if not check_next(network.id):
            time.sleep(POLL_SECONDS)
    if job.state != JobState.CHECKED:
        raise UnreadableFile(" ".join(shown(each).text for each in job.remarks))
    return job


def _job(network: Network, job: Job) -> Job:
    with network_scope(network.id):
        return Job.objects.get(network_id=network.id, id=job.id)


def wait_for_end(network: Network, job: Job) -> Job:
    """Wait until a submitted job has ended or needs a person; return it as it is then."""
    while (job := _job(network, job)).state in {JobState.QUEUED, JobState.SENDING}:
        time.sleep(POLL_SECONDS)
    return job
