"""Makes jobs of checked items, puts them in line, and takes back or goes on with what a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from integrations.mobility_work.body import MAX_KEY
from integrations.mobility_work.operations import OPERATIONS, allowed
from integrations.spec import Operation, Plan
from portal.accounts.models import User
from portal.jobs.confirm import begin_following
from portal.jobs.ending import end_if_all_is_sent
from portal.jobs.holding import moved_rows
from portal.jobs.lock import lock_jobs
from portal.jobs.models import Batch, Job, Row
from portal.jobs.moves import move
from portal.jobs.revisions import is_unseen
from portal.jobs.states import JobState, RowState, StateRefused, refuse_wrong_row_turn, refuse_wrong_turn
from portal.networks.acts import record_act
from portal.networks.models import Network

WRITE_AT_ONCE = 2_000


# All requests are full but the last: nobody need count their rows.
BATCHES = """
INSERT INTO jobs_batch (network_id, job_id, number, rows, state, attempts)
SELECT %s, %s, number, least(%s, %s - (number - 1) * %s), 'waiting', 0 FROM generate_series(1, %s) number
"""
# The first row of each request.
FIRST_ROWS = """
SELECT number FROM (
    SELECT number, row_number() OVER (ORDER BY number) AS place FROM jobs_row
    WHERE network_id = %s AND job_id = %s AND state = %s
) t WHERE (place - 1) %% %s = 0 ORDER BY number
"""
# No join: of rows that were stored a moment ago the planner knows nothing, and a bad plan takes minutes.
IN_LINE = """
UPDATE jobs_row SET state = %s, batch = width_bucket(number, %s::int[]), updated_at = %s, about = {about}, item = {item}
WHERE network_id = %s AND job_id = %s AND state = %s
"""


# What a row is about, as readings of events name it: a native id, or a reference. The same as
# integrations.mobility_work.subjects says of an item, for a hundred thousand of them at once; a test compares the two.
BLANKS = r"[\s" + "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
ABOUT = f"""left(CASE jsonb_typeof(item->{{column}})
    WHEN 'object' THEN CASE item->{{column}}->>'type' WHEN 'native' THEN 'id:' ELSE 'ref:' END
        || btrim(regexp_replace(item->{{column}}->>'value', '{BLANKS}', ' ', 'g'))
    WHEN 'number' THEN 'id:' || (item->>{{column}})
    ELSE 'ref:' || btrim(regexp_replace(item->>{{column}}, '{BLANKS}', ' ', 'g')) END, {MAX_KEY})"""
# What comes back in events, so that they can be told to be this row's: a nonce that nobody else knows.
ECHOING = """item || jsonb_build_object({column}::text,
    CASE jsonb_typeof(item->{column}) WHEN 'object' THEN item->{column} ELSE '{{}}' END || jsonb_build_object('portal',
        jsonb_build_object('job', job_id, 'row', number, 'nonce', replace(gen_random_uuid()::text, '-', ''))))"""


class NotInPlan(Exception):
    """The network's plan does not include the operation."""


class NothingToSend(Exception):
    """A job needs a row."""


class BadRows(Exception):
    """Some rows have errors, and nobody said that the others are to be sent without them."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} rows have errors")
        self.count = count


class MovedMeanwhile(BadRows):
    """Parts of a count sheet moved since its check: nothing is sent before their rows are held, and somebody looks."""


def made_by(actor: User | str) -> dict[str, Any]:
    """Return what a job keeps of whoever made it: plain values, for a job outlives a membership."""
    person = None if isinstance(actor, str) else actor
    return {
        "created_by_id": person.id if person else None,
        "created_by": (person.email if person else str(actor))[:320],
    }


def refuse_outside_plan(network: Network, operation: Operation) -> None:
    """Raise NotInPlan where the network's plan does not include the operation."""
    if operation not in allowed(Plan(network.plan)):
        raise NotInPlan(operation.name)


class ChangedMeanwhile(Exception):
    """Somebody else changed rows since the person saw them."""


def submit(
    network: Network, job_id: UUID, *, send_good: bool, actor: User | str, now: datetime, seen: int | None = None
) -> Job:
    """Put a checked job in line to be sent; rows with errors are held back where `send_good`, and else refuse it.

    `seen` is the revision of the job that the person saw; None where nobody else can have changed it. Needs the
    network's scope, inside a transaction. Raises NotInPlan, ChangedMeanwhile, BadRows (MovedMeanwhile
    among them), NothingToSend and StateRefused.
    """
    lock_jobs(network.id)
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    refuse_wrong_turn(JobState(job.state), JobState.QUEUED)
    operation = OPERATIONS[job.operation]
    refuse_outside_plan(network, operation)
    if seen is not None and is_unseen(job, actor, seen=seen):
        raise ChangedMeanwhile
    if moved := moved_rows(network.id, job):
        raise MovedMeanwhile(len(moved))
    bad = Row.objects.filter(network_id=network.id, job_id=job_id, state=RowState.INVALID).count()
    if bad and not send_good:
        raise BadRows(bad)
    begin_following(network.id)
    sent = _put_in_line(network.id, job_id, operation, now=now)
    if not sent:
        raise NothingToSend
    # Not asked for where there is none: it would look through all rows, of which there are now two versions each.
    held = move(network.id, job_id, RowState.INVALID, RowState.HELD, now=now) if bad else 0
    submitted_by = made_by(actor)["created_by"]
    Job.objects.filter(network_id=network.id, id=job_id).update(
        state=JobState.QUEUED, submitted_at=now, submitted_by=submitted_by
    )
    details: dict[str, Any] = {"operation": operation.name, "rows": sent}
    details |= {name: value for name, value in (("held", held), ("file", job.file_name)) if value}
    record_act(network, "job_submitted", actor=actor, about=str(job.id), details=details)
    return Job.objects.get(network_id=network.id, id=job_id)


def _put_in_line(network_id: UUID, job_id: UUID, operation: Operation, *, now: datetime) -> int:
    """Number the requests of the rows that are ready, in as few as the operation allows; return how many rows."""
    refuse_wrong_row_turn(RowState.READY, RowState.QUEUED)
    job = [network_id, job_id]
    # Names of columns of the table of operations, no input.
    about = ABOUT.format(column=f"'{operation.identity[0]}'") if _is_about_parts(operation) else "''"
    item = ECHOING.format(column=f"'{operation.echo}'") if operation.echo else "item"
    with connection.cursor() as cursor:
        cursor.execute(FIRST_ROWS, [*job, RowState.READY, operation.bulk_limit])
        firsts = [number for (number,) in cursor.fetchall()]
        if not firsts:
            return 0
        cursor.execute(IN_LINE.format(about=about, item=item), [RowState.QUEUED, firsts, now, *job, RowState.READY])
        count: int = cursor.rowcount
        limit = operation.bulk_limit
        cursor.execute(BATCHES, [*job, limit, count, limit, len(firsts)])
    return count


def _is_about_parts(operation: Operation) -> bool:
    """Say whether rows name a part that is there already."""
    return (
        bool(operation.identity)
        and operation.field(operation.identity[0]).subject == "part"
        and (operation.identity[0] not in operation.creates)
    )


def submit_items(
    network: Network,
    operation_name: str,
    items: Mapping[int, dict[str, Any]],
    *,
    actor: User | str,
    source: Job.Source,
    now: datetime,
    file_name: str = "",
) -> Job:
    """Put checked items, by row number, in line to be sent. Needs the network's scope, inside a transaction.

    Raises NotInPlan, NothingToSend, and KeyError for an operation that there is not.
    """
    operation = OPERATIONS[operation_name]
    refuse_outside_plan(network, operation)
    job = Job.objects.create(
        network_id=network.id,
        operation=operation.name,
        family=operation.family,
        state=JobState.CHECKED,
        source=source,
        file_name=file_name[:255],
        rows=len(items),
        **made_by(actor),
    )
    Row.objects.bulk_create(
        (
            Row(
                network_id=network.id,
                job_id=job.id,
                number=number,
                state=RowState.READY,
                item=items[number],
                updated_at=now,
            )
            for number in sorted(items)
        ),
        batch_size=WRITE_AT_ONCE,
    )
    return submit(network, job.id, send_good=False, actor=actor, now=now)


def cancel(network: Network, job_id: UUID, *, actor: User | str, now: datetime) -> Job:
    """Send nothing more of a job; what is under way is still settled by its answer. Raises StateRefused.

    Of a job that nobody submitted, nothing was ever in line: it ends at once.
    """
    lock_jobs(network.id)
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    refuse_wrong_turn(JobState(job.state), JobState.CANCELLED)
    mine = Job.objects.filter(network_id=network.id, id=job_id)
    mine.update(cancel_wanted_at=now)
    record_act(network, "job_cancelled", actor=actor, about=str(job.id))
    if job.submitted_at is None:
        mine.update(state=JobState.CANCELLED, ended_at=now)
    else:
        end_if_all_is_sent(network.id, job_id, now=now)
    return Job.objects.get(network_id=network.id, id=job_id)


def resume(network: Network, job_id: UUID, *, actor: User | str) -> Job:
    """Go on with a paused job. Raises StateRefused."""
    lock_jobs(network.id)
    job = Job.objects.get(network_id=network.id, id=job_id)
    if job.state != JobState.PAUSED:
        raise StateRefused(job.state, JobState.SENDING)
    Batch.objects.filter(network_id=network.id, job_id=job_id, state=Batch.State.WAITING).update(
        not_before=None, forgiven=F("forgiven") + F("attempts"), attempts=0
    )
    Job.objects.filter(network_id=network.id, id=job_id).update(
        state=JobState.SENDING, pause="", seen_at=None, mailed_at=None
    )
    record_act(network, "job_resumed", actor=actor, about=str(job.id), details={"pause": job.pause})
    return Job.objects.get(network_id=network.id, id=job_id)
