"""Mends a checked job: cells changed in place, rows left out and put back. Every change is in the trail.

The functions here are called by `portal.jobs.typed.with_cells`, which gives them the cells that they need.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.models import User
from portal.jobs.checked import checked_row, reader_of
from portal.jobs.counts import HELD, held_rows, made_at
from portal.jobs.doubles import content_of, doubles_of, identity_of
from portal.jobs.file_rows import used_columns
from portal.jobs.models import Job, Row
from portal.jobs.moves import move
from portal.jobs.preflight import Preflight
from portal.jobs.problems import Stored
from portal.jobs.revisions import count_change
from portal.jobs.states import JobState, RowState, StateRefused
from portal.jobs.typed import Typed, cells_typed
from portal.lib.plain_json import storable
from portal.networks.acts import record_act
from portal.networks.models import Network


class LeftOut(Exception):
    """The row is left out of what is sent: it is put back before it is changed."""


class UnknownColumn(Exception):
    """The file has no such column, or it is left out."""


def change_cells(
    network: Network,
    job_id: UUID,
    number: int,
    cells: Mapping[str, str],
    *,
    typed: Typed,
    actor: User | str,
    now: datetime,
) -> Row:
    """Change some cells of a row and check it again, with the rows that are about the same thing.

    Needs the network's scope, inside a transaction. Raises StateRefused where the job is not being prepared,
    Row.DoesNotExist, LeftOut, UnknownColumn and CellsNeeded.
    """
    job = _in_preparation(network, job_id)
    row = Row.objects.get(network_id=network.id, job_id=job_id, number=number)
    if row.state == RowState.LEFT_OUT:
        raise LeftOut
    known = {name for _position, name in used_columns(job)}
    if not known.issuperset(cells):
        raise UnknownColumn(", ".join(sorted(set(cells) - known)))
    before = dict(row.cells if row.cells is not None else cells_typed(job, [number], typed).get(number, {}))
    after = dict.fromkeys(known, "") | before | {name: storable(cell) for name, cell in cells.items()}
    changed = {name: cell for name, cell in after.items() if cell != before.get(name, "")}
    if changed:
        digest = identity_of(OPERATIONS[job.operation], after)
        Row.objects.filter(network_id=network.id, job_id=job_id, number=number).update(cells=after, digest=digest)
        check_again(network, job, [number], identities=[row.digest, digest], typed=typed, now=now)
        count_change(job, actor)
        details = {"row": number, "before": {name: before.get(name, "") for name in changed}, "after": changed}
        record_act(network, "job_row_changed", actor=actor, about=str(job_id), details=details)
    return Row.objects.get(network_id=network.id, job_id=job_id, number=number)


def weigh(
    network: Network, job_id: UUID, number: int, *, rebase: bool, typed: Typed, actor: User | str, now: datetime
) -> Row:
    """Keep the count of a row whose part moved since its sheet was made, or add what moved.

    What moves after that holds the row once more. Needs the network's scope, inside a transaction. Raises StateRefused,
    Row.DoesNotExist and CellsNeeded; changes nothing where the row is not held, or nobody can say what to add.
    """
    job = _in_preparation(network, job_id)
    row = Row.objects.get(network_id=network.id, job_id=job_id, number=number)
    said = next((each for each in row.problems if each["code"] in HELD), None)
    if said is None or row.cells is None or (rebase and "then" not in said["params"]):
        return row
    mine = Row.objects.filter(network_id=network.id, job_id=job_id, number=number)
    mine.update(weighed_until=datetime.fromisoformat(said["params"]["until"]))
    if rebase:
        cells = {said["column"]: str(said["params"]["then"])}
        return change_cells(network, job_id, number, cells, typed=typed, actor=actor, now=now)
    check_again(network, job, [number], identities=[row.digest], typed=typed, now=now)
    count_change(job, actor)
    details = {"row": number, "movements": said["params"]["times"]}
    record_act(network, "job_count_kept", actor=actor, about=str(job_id), details=details)
    return mine.get()


def leave_out(
    network: Network, job_id: UUID, numbers: Collection[int], *, typed: Typed, actor: User | str, now: datetime
) -> int:
    """Leave rows out of what is sent; return how many. Needs the scope. Raises StateRefused and CellsNeeded."""
    job = _in_preparation(network, job_id)
    these = Q(number__in=list(numbers))
    rows = Row.objects.filter(these, network_id=network.id, job_id=job_id)
    digests = list(rows.values_list("digest", flat=True))
    _keep_cells(job, list(rows.filter(cells__isnull=True).values_list("number", flat=True)), typed)
    count = move(network.id, job_id, RowState.INVALID, RowState.LEFT_OUT, now=now, only=these)
    count += move(network.id, job_id, RowState.READY, RowState.LEFT_OUT, now=now, only=these)
    if count:
        check_again(network, job, [], identities=digests, typed=typed, now=now)
        count_change(job, actor)
        record_act(
            network, "job_rows_left_out", actor=actor, about=str(job_id), details={"rows": sorted(numbers)[:100]}
        )
    return count


def put_back(
    network: Network, job_id: UUID, numbers: Collection[int], *, typed: Typed, actor: User | str, now: datetime
) -> int:
    """Take rows in again that were left out; return how many. Needs the scope. Raises StateRefused and CellsNeeded."""
    job = _in_preparation(network, job_id)
    rows = Row.objects.filter(network_id=network.id, job_id=job_id, number__in=list(numbers), state=RowState.LEFT_OUT)
    found = list(rows.values_list("number", "digest"))
    if found:
        back = [number for number, _digest in found]
        move(network.id, job_id, RowState.LEFT_OUT, RowState.INVALID, now=now, only=Q(number__in=back))
        check_again(network, job, back, identities=[digest for _number, digest in found], typed=typed, now=now)
        count_change(job, actor)
        record_act(network, "job_rows_put_back", actor=actor, about=str(job_id), details={"rows": back[:100]})
    return len(found)


def _in_preparation(network: Network, job_id: UUID) -> Job:
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    if job.state != JobState.CHECKED:
        raise StateRefused(job.state, JobState.CHECKED)
    return job


def _keep_cells(job: Job, numbers: list[int], typed: Typed) -> None:
    """Keep the cells of rows of which there was nothing to say so far."""
    for number, cells in cells_typed(job, numbers, typed).items():
        Row.objects.filter(network_id=job.network_id, job_id=job.id, number=number).update(cells=cells)


def check_again(
    network: Network,
    job: Job,
    numbers: list[int],
    *,
    identities: Sequence[bytes | memoryview | None],
    typed: Typed,
    now: datetime,
) -> None:
    """Check rows again, and compare all rows with one of the identities. Needs the scope. Raises CellsNeeded."""
    operation = OPERATIONS[job.operation]
    mine = Row.objects.filter(network_id=network.id, job_id=job.id)
    group = mine.filter(digest__in={bytes(each) for each in identities if each}).exclude(state=RowState.LEFT_OUT)
    rows = {row.number: row for row in (*mine.filter(number__in=numbers), *group)}
    read = reader_of(network, job).read
    checked = {number: checked_row(number, row.cells, read) for number, row in rows.items() if row.cells is not None}
    preflight = Preflight(network.id, operation)
    warned = preflight.warnings({number: each.item for number, each in checked.items() if each.item is not None})
    held = held_rows(
        network.id,
        operation,
        {number: each.item for number, each in checked.items() if each.item is not None},
        made=made_at(job.heading),
        weighed={number: row.weighed_until for number, row in rows.items() if row.weighed_until},
    )
    said = _said_of_doubles(operation, rows, {number: each.item for number, each in checked.items()})
    _keep_cells(job, [number for number in said if rows[number].cells is None], typed)
    for number, row in rows.items():
        error, warning = said.get(number, ([], []))
        if number not in checked and not (error or warning):
            continue
        result = checked.get(number)
        item = result.item if result else row.item
        problems = (result.problems if result else []) + error + ([held[number]] if number in held else [])
        mine.filter(number=number).update(
            item=None if problems else item,
            state=RowState.INVALID if problems else RowState.READY,
            problems=problems,
            warnings=warned.get(number, []) + warning,
            errors=row.errors if row.item == item else [],  # what the vendor said was of what is not there any more
            updated_at=now,
        )


def _said_of_doubles(
    operation: Any, rows: Mapping[int, Row], items: Mapping[int, Any]
) -> dict[int, tuple[list[Stored], list[Stored]]]:
    groups: dict[bytes, list[tuple[int, bytes]]] = {}
    for number in sorted(rows):
        row = rows[number]
        content = items.get(number) or row.item or row.cells
        if row.digest and row.state != RowState.LEFT_OUT:
            member = (number, content_of(json.dumps(content, sort_keys=True)))
            groups.setdefault(bytes(row.digest), []).append(member)
    said: dict[int, tuple[list[Stored], list[Stored]]] = {}
    for group in groups.values():
        for double in doubles_of(operation, group):
            said[double.row] = ([double.problem], []) if double.is_error else ([], [double.problem])
    return said
