"""Goes on with what a job left: its refused or unsent rows as a new job, or the same file on the production network."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.drafts import choices_of, draft_of_file
from portal.jobs.files import on_disk
from portal.jobs.models import Job, Row
from portal.jobs.single import ROW, draft_of_form, fill_in
from portal.jobs.states import IN_PREPARATION, JobState, RowState, StateRefused
from portal.jobs.submit import NothingToSend, made_by, refuse_outside_plan
from portal.jobs.typed import Typed, cells_typed
from portal.lib.scope import network_scope
from portal.networks.acts import record_act
from portal.networks.models import Network

# What may be sent once more: of these it is known that nothing of it took effect, if the vendor refuses whole requests;
# or a person says so, who looked.
LEFT_BEHIND = frozenset({RowState.NOT_SENT, RowState.REJECTED, RowState.HELD, RowState.SAID_LOST})
WRITE_AT_ONCE = 2_000


def rest_of(
    network: Network, job_id: UUID, states: Collection[RowState], *, typed: Typed, actor: User | str, now: datetime
) -> Job:
    """Make a new checked job of the rows in some of LEFT_BEHIND; what the vendor said of them comes along.

    Called by `with_cells`. Raises NotInPlan, StateRefused for a job that is still being prepared, NothingToSend where
    no row is in these states, and CellsNeeded.
    """
    before = Job.objects.select_for_update().get(network_id=network.id, id=job_id)  # one at a time
    if before.state in IN_PREPARATION:
        raise StateRefused(before.state, JobState.CHECKED)
    refuse_outside_plan(network, OPERATIONS[before.operation])
    wanted = [state for state in states if state in LEFT_BEHIND]
    mine = Row.objects.filter(network_id=network.id, job_id=job_id, state__in=wanted)
    rows = list(mine.exclude(number__in=taken_on(network, job_id)).order_by("number"))
    if not rows:
        raise NothingToSend
    in_file = cells_typed(before, [row.number for row in rows if row.cells is None], typed)
    job = Job.objects.create(
        network_id=network.id,
        operation=before.operation,
        family=before.family,
        state=JobState.CHECKED,
        source=before.source,
        file_name=before.file_name,
        file_format=before.file_format,
        heading=before.heading,
        columns=before.columns,
        identifier_types=before.identifier_types,
        rows=len(rows),
        checked_rows=len(rows),
        previous_id=before.id,
        **made_by(actor),
        created_at=now,
    )
    Row.objects.bulk_create(
        (
            Row(
                network_id=network.id,
                job_id=job.id,
                number=row.number,
                state=RowState.INVALID if row.problems else RowState.READY,
                item=row.item,
                cells=row.cells if row.cells is not None else in_file.get(row.number, {}),
                problems=row.problems,
                warnings=row.warnings,
                digest=row.digest,
                errors=row.errors,
                updated_at=now,
            )
            for row in rows
        ),
        batch_size=WRITE_AT_ONCE,
    )
    details = {"rows": len(rows), "before": str(before.id), "states": sorted(wanted)}
    record_act(network, "job_gone_on_with", actor=actor, about=str(job.id), details=details)
    return job


def taken_on(network: Network, job_id: UUID) -> set[int]:
    """Return the rows that another job goes on with already: what may not be repeated is in one of them only."""
    others = Job.objects.filter(network_id=network.id, previous_id=job_id, previous_network_id=None)
    alive = others.exclude(state=JobState.CANCELLED, submitted_at=None).values("id")
    # Whatever became of them there: what is left out of that job may be put back, and what it holds goes on from it.
    return set(Row.objects.filter(network_id=network.id, job_id__in=alive).values_list("number", flat=True))


def may_repeat(job: Job) -> bool:
    """Say whether there is something to repeat: rows of an earlier job have no file of their own, removed ones none."""
    return job.content_removed_at is None and (job.source == Job.Source.FORM or bool(job.file_bytes))


def repeat_on_production(sandbox: Network, job_id: UUID, *, actor: User, now: datetime) -> Job:
    """Make a draft of the same bytes on the production network that a sandbox network is paired with.

    Opens scopes itself. Raises Job.DoesNotExist, Network.DoesNotExist where nothing is paired, NotInPlan, TabularError.
    """
    if sandbox.production is None:
        raise Network.DoesNotExist
    production = sandbox.production
    with network_scope(sandbox.id):
        rehearsal = Job.objects.get(network_id=sandbox.id, id=job_id)
        row = Row.objects.filter(network_id=sandbox.id, job_id=job_id, number=ROW).first()
    if rehearsal.source == Job.Source.FORM:
        with network_scope(production.id):
            job = draft_of_form(production, rehearsal.operation, actor=actor, now=now)
            cells = (row.cells if row else None) or {}
            fill_in(production, job.id, cells, identifier_types=rehearsal.identifier_types, now=now)
    else:
        with on_disk(sandbox.id, job_id) as path:
            job = draft_of_file(
                production, rehearsal.operation, path, file_name=rehearsal.file_name, actor=actor, now=now,
                chosen=choices_of(rehearsal),
            )  # fmt: skip
    with network_scope(production.id):
        changes = {"previous_id": rehearsal.id, "previous_network_id": sandbox.id}
        if job.heading == rehearsal.heading:  # what the headings mean was said already
            changes |= {"columns": rehearsal.columns, "identifier_types": rehearsal.identifier_types}
        Job.objects.filter(network_id=production.id, id=job.id).update(**changes)
        details = {"rehearsal": str(rehearsal.id), "sandbox": sandbox.name}
        record_act(production, "job_repeated", actor=actor, about=str(job.id), details=details)
        return Job.objects.get(network_id=production.id, id=job.id)
