"""Finds rows of a job that were sent before, word for word, whatever the file: they would be made twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.models import Job
from portal.jobs.states import RowState

LOOKED_BACK = timedelta(days=30)
MOST_JOBS, MOST_ROWS = 20, 10_000  # compared while somebody waits for the page
# Of these it is not known that nothing of them took effect.
SENT = [
    RowState.QUEUED, RowState.SENDING, RowState.ACCEPTED, RowState.UNCONFIRMED, RowState.CONFIRMED,
    RowState.CONTRADICTED, RowState.UNCERTAIN, RowState.SAID_TAKEN,
]  # fmt: skip
# What comes back in events is the portal's own, and differs each time.
PLAIN = "md5(item::text)"
ECHOED = """md5((item - '{echo}')::text || CASE jsonb_typeof(item->'{echo}')
    WHEN 'object' THEN ((item->'{echo}') - 'portal')::text ELSE coalesce(item->>'{echo}', '{{}}') END)"""
ALIKE = """
SELECT job_id, count(*) FROM jobs_row
WHERE network_id = %s AND job_id = ANY (%s) AND state = ANY (%s) AND item IS NOT NULL AND {same} IN (
    SELECT {same} FROM jobs_row WHERE network_id = %s AND job_id = %s AND state = 'ready'
) GROUP BY job_id
"""


def rows_sent_before(job: Job, *, now: datetime) -> list[tuple[Job, int]]:
    """Return the jobs that sent rows exactly like those of a checked one, and how many, latest first.

    Nothing for what may be repeated without harm, nor beyond MOST_ROWS. Needs the network's scope.
    """
    operation = OPERATIONS[job.operation]
    if operation.retry_safe or job.rows > MOST_ROWS:
        return []
    earlier = {each.id: each for each in _earlier(job, now=now)}
    if not earlier:
        return []
    place = [job.network_id, job.id]
    with connection.cursor() as cursor:
        cursor.execute(ALIKE.format(same=_same(operation)), [job.network_id, list(earlier), SENT, *place])
        counts = dict(cursor.fetchall())
    return [(each, counts[each.id]) for each in earlier.values() if counts.get(each.id)]


def _earlier(job: Job, *, now: datetime) -> list[Job]:
    """Return the latest jobs of the operation whose rows together are few enough to be compared."""
    sent = Job.objects.filter(
        network_id=job.network_id, operation=job.operation, submitted_at__gte=now - LOOKED_BACK
    ).exclude(id=job.id)
    found, rows = [], job.rows
    for each in sent.order_by("-submitted_at")[:MOST_JOBS]:
        rows += each.rows
        if rows > MOST_ROWS:
            break
        found.append(each)
    return found


def _same(operation: Operation) -> str:
    return ECHOED.format(echo=operation.echo) if operation.echo else PLAIN  # a name of the table, no input
