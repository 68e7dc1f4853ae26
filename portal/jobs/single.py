"""One item filled in by hand: a job of one row, checked and sent on the same path as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.checked import json_of
from portal.jobs.doubles import identity_of
from portal.jobs.edit import check_again
from portal.jobs.models import Job, Row
from portal.jobs.revisions import ANYBODY, count_change
from portal.jobs.states import JobState, RowState, StateRefused
from portal.jobs.submit import made_by, refuse_outside_plan
from portal.lib.plain_json import storable
from portal.networks.models import Network

ROW = 1


def draft_of_form(network: Network, operation_name: str, *, actor: User | str, now: datetime) -> Job:
    """Make a job of one empty row. Needs the network's scope, inside a transaction.

    Raises NotInPlan, and KeyError for an operation that there is not.
    """
    operation = OPERATIONS[operation_name]
    refuse_outside_plan(network, operation)
    job = Job.objects.create(
        network_id=network.id,
        operation=operation.name,
        family=operation.family,
        state=JobState.CHECKED,
        source=Job.Source.FORM,
        rows=1,
        checked_rows=1,
        columns=[field.name for field in operation.fields],
        **made_by(actor),
        created_at=now,
    )
    Row.objects.create(
        network_id=network.id, job_id=job.id, number=ROW, state=RowState.INVALID, cells={}, updated_at=now
    )
    return job


def fill_in(
    network: Network, job_id: UUID, cells: Mapping[str, str], *, identifier_types: Mapping[str, str], now: datetime
) -> Row:
    """Keep what a person typed, and check it. Needs the network's scope, inside a transaction.

    Raises StateRefused where the job is not being prepared any more.
    """
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id, source=Job.Source.FORM)
    if job.state != JobState.CHECKED:
        raise StateRefused(job.state, JobState.CHECKED)
    operation = OPERATIONS[job.operation]
    types: dict[str, str] = {}
    for field in operation.fields:
        kind = identifier_types.get(field.name, "")
        if kind in {each.name for each in field.identifiers}:
            types[field.name] = kind
    job.identifier_types = types
    typed = {field.name: storable(cells.get(field.name, "")) for field in operation.fields}
    mine = Row.objects.filter(network_id=network.id, job_id=job_id, number=ROW)
    mine.update(cells=typed, digest=identity_of(operation, typed))
    check_again(network, job, [ROW], identities=[], typed={}, now=now)
    row = mine.get()
    # As the check of a file does, so that the same item is recognised when it is sent again.
    job.rows_digest = hashlib.sha256(json_of(row.item).encode()).digest() if row.item else None
    Job.objects.filter(network_id=network.id, id=job_id).update(identifier_types=types, rows_digest=job.rows_digest)
    count_change(job, ANYBODY)
    return row
