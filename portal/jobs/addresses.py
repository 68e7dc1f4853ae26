"""What the addresses of jobs name, and on which page work on a job goes on."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.models import Job
from portal.jobs.states import IN_PREPARATION, JobState
from portal.networks.models import Network


def job_or_404(network: Network, job_id: UUID) -> Job:
    """Return a job of a network. Needs the network's scope."""
    job = Job.objects.filter(network_id=network.id, id=job_id).first()
    if job is None:
        raise Http404(_("There is no such job on this network."))
    return job


def operation_or_404(name: str) -> Operation:
    """Return the operation of an address."""
    if name not in OPERATIONS:
        raise Http404(_("There is no such operation."))
    return OPERATIONS[name]


def row_number(text: str) -> int:
    """Return the row, or request, that an address names; 0 where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def step_of(job: Job) -> str:
    """Return the name of the page on which work on a job goes on."""
    if job.state == JobState.DRAFT:
        return "job_columns"
    return "job_check" if job.state in IN_PREPARATION else "job"
