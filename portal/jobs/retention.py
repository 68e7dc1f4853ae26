"""Removes the contents of jobs that ended longer ago than their organization keeps them.

The job itself stays: who sent what and when, its requests, and how many of its rows came to what. It is the owner role
that removes, for no page or worker may; see `manage.py apply_retention`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connections
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from portal.accounts.models import Organization
from portal.jobs.maxima import KEEP_MAXIMA
from portal.jobs.models import Job
from portal.jobs.states import JobState
from portal.lib.retention import OWNER, within_retention
from portal.networks.models import Network
from portal.trail.record import Actor, record

# A draft that nobody sent is as old as its beginning. A job that goes on with rows of another keeps what says so until
# the other has none left: else they would be offered, and sent, once more.
BEYOND = """
content_removed_at IS NULL
AND coalesce(ended_at, CASE WHEN submitted_at IS NULL THEN created_at END)
    <= %s::timestamptz - make_interval(years => %s)
AND NOT EXISTS (SELECT 1 FROM jobs_job o WHERE o.network_id = j.network_id AND o.id = j.previous_id
    AND j.previous_network_id IS NULL AND o.content_removed_at IS NULL)
"""
DUE = f"SELECT network_id, id FROM jobs_job j WHERE network_id = ANY (%s::uuid[]) AND {BEYOND} ORDER BY created_at"  # noqa: S608
LOCK = f"SELECT 1 FROM jobs_job j WHERE network_id = %s AND id = %s AND {BEYOND} FOR UPDATE"  # noqa: S608
COUNTS = "SELECT state, count(*) FROM jobs_row WHERE network_id = %s AND job_id = %s GROUP BY state"
REMOVE = (
    "DELETE FROM jobs_jobfile WHERE network_id = %s AND job_id = %s",
    KEEP_MAXIMA,
    "DELETE FROM jobs_row WHERE network_id = %s AND job_id = %s",
    """UPDATE jobs_call SET request_headers = '{}', request_body = '', response_headers = '{}', response_body = ''
    WHERE network_id = %s AND job_id = %s""",
)


@dataclass(frozen=True, slots=True)
class Due:
    """A job whose contents have been kept for long enough."""

    network: Network
    job_id: UUID


def kept_until(job: Job, organization: Organization) -> datetime | None:
    """Return until when a job's contents are kept; None while it has not ended."""
    if job.ended_at is None:
        return None
    year = job.ended_at.year + organization.retention_years
    try:
        return job.ended_at.replace(year=year)
    except ValueError:  # 29 February
        return job.ended_at.replace(year=year, day=28)


def removed_in_words(job: Job, network: Network) -> str:
    """Return that the contents of a job were removed, after how long and on which day of the network."""
    day = date_format(localtime(job.content_removed_at, ZoneInfo(network.time_zone)), "DATE_FORMAT")
    said = ngettext(
        "Its file, its rows and what was said in its requests were removed after %(years)s year, on %(day)s.",
        "Its file, its rows and what was said in its requests were removed after %(years)s years, on %(day)s.",
        job.kept_years or 0,
    )
    return said % {"years": job.kept_years, "day": day}


def due_of(organization: Organization, *, now: datetime) -> list[Due]:
    """Return the jobs of an organization whose contents have been kept for long enough, oldest first."""
    networks = {network.id: network for network in Network.objects.filter(organization=organization)}
    with connections[OWNER].cursor() as cursor:
        cursor.execute(DUE, [list(networks), now, organization.retention_years])
        return [Due(networks[network_id], job_id) for network_id, job_id in cursor.fetchall()]


def remove_content(due: Due, *, years: int, actor: Actor | str, now: datetime) -> bool:
    """Remove the contents of one job in one transaction; return whether they were still there."""
    place = [due.network.id, due.job_id]
    with within_retention() as cursor:
        cursor.execute(LOCK, [*place, now, years])
        if cursor.fetchone() is None:
            return False
        cursor.execute(COUNTS, place)
        counts = dict(cursor.fetchall())
        for statement in REMOVE:
            cursor.execute(statement, place)
        mine = Job.objects.using(OWNER).filter(network_id=due.network.id, id=due.job_id)
        mine.update(content_removed_at=now, kept_years=years, kept_counts=counts)
        mine.filter(ended_at=None).update(state=JobState.CANCELLED, ended_at=now)
        record(
            "job_content_removed",
            actor=actor,
            organization_id=due.network.organization_id,
            network_id=due.network.id,
            subject=f"{due.network.name} {due.job_id}",
            details={"years": years, "rows": sum(counts.values())},
            using=OWNER,
        )
    return True
