"""Checks the file of a draft: reads every row, keeps what can be sent, and what is to be said of the others.

Whoever checks holds a lease on the job and renews it with every chunk. Where the lease is lost the work is stopped, and
whoever takes it over begins anew: rows that nobody submitted may be deleted.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F
from django.utils import timezone

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.rows import RowReader
from integrations.spec import Kind, Operation
from portal.jobs.checked import Checked, checked_row, reader_of, stored_json
from portal.jobs.counts import held_rows, made_at
from portal.jobs.doubles import Doubles, content_of, identity_of
from portal.jobs.file_rows import open_file, used_columns
from portal.jobs.files import on_disk
from portal.jobs.models import Job, Row
from portal.jobs.preflight import Preflight
from portal.jobs.problems import Stored, found, stored_file_error
from portal.jobs.states import JobState
from portal.lib.collector import without_search
from portal.lib.scope import network_scope
from portal.lib.statements import execute_binary
from portal.lib.tabular import RowError, TableReader, TabularError
from portal.networks.models import Network

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=3)  # more than a workbook may take until its first row (Limits.xlsx_seconds)
MAX_ATTEMPTS = 3  # that came to no end; then a person is told
PAUSE = timedelta(seconds=10)  # before another
CHUNK = 5_000  # rows per transaction
LIKE_REFERENCES = (Kind.IDENTIFIER, Kind.IDENTIFIERS)

INSERT = """
INSERT INTO jobs_row (network_id, job_id, number, state, reason, item, cells, problems, warnings, digest, errors,
    updated_at)
SELECT %b, %b, t.number, t.state, '', t.item::jsonb, t.cells::jsonb, t.problems::jsonb, t.warnings::jsonb, t.digest,
    '[]', %b
FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[])
AS t (number, state, item, cells, problems, warnings, digest)
"""
# Of most rows there is nothing to say: they need fewer columns, and those are half the work.
INSERT_GOOD = """
INSERT INTO jobs_row (network_id, job_id, number, state, reason, item, problems, warnings, digest, errors, updated_at)
SELECT %b, %b, t.number, 'ready', '', t.item::jsonb, '[]', '[]', t.digest, '[]', %b
FROM unnest(%b::int[], %b::text[], %b::bytea[]) AS t (number, item, digest)
"""
MARK = """
UPDATE jobs_row r SET cells = t.cells::jsonb,
    state = CASE WHEN t.problems = '[]' THEN r.state ELSE 'invalid' END,
    item = CASE WHEN t.problems = '[]' THEN r.item END,
    problems = r.problems || t.problems::jsonb, warnings = r.warnings || t.warnings::jsonb
FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[]) AS t (number, cells, problems, warnings)
WHERE r.network_id = %b AND r.job_id = %b AND r.number = t.number
"""


class LeaseLost(Exception):
    """Somebody else checks the job now, or it was taken back."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job that one worker checks now."""

    network: Network
    job: Job
    operation: Operation
    token: UUID

    @property
    def reader(self) -> RowReader:
        """Return the compiled checks of the job's rows."""
        return reader_of(self.network, self.job)


def check_next(network_id: UUID) -> bool:
    """Check one draft of a network that waits for it; return whether there was one. Opens scopes itself."""
    work = _take(network_id)
    if work is None:
        return False
    if work.job.check_attempts >= MAX_ATTEMPTS:
        logger.error("The check of job %s came to no end %s times, and was given up", work.job.id, MAX_ATTEMPTS)
        failed = found("check_failed", count=MAX_ATTEMPTS, value=str(work.job.id))
        _back_to_draft(work, failed, check_given_up_at=timezone.now())
        return True
    try:
        _check(work)
    except LeaseLost:
        return True
    except TabularError as error:
        _back_to_draft(work, stored_file_error(error))
    except Exception:  # a fault of ours: others' checks go on, and this one is tried again, MAX_ATTEMPTS times
        logger.exception("The check of job %s failed", work.job.id)
        with network_scope(network_id):
            _held(work).update(check_token=None, check_lease_until=timezone.now() + PAUSE)
    return True


def _take(network_id: UUID) -> Work | None:
    now = timezone.now()
    with network_scope(network_id):
        network = Network.objects.get(id=network_id)
        free = Job.objects.filter(network_id=network_id, state=JobState.CHECKING).exclude(check_lease_until__gte=now)
        job = free.select_for_update(skip_locked=True).order_by("created_at").first()
        if job is None:
            return None
        token = uuid4()
        Job.objects.filter(network_id=network_id, id=job.id).update(
            check_token=token,
            check_lease_until=now + LEASE,
            check_begun_at=now,
            check_attempts=F("check_attempts") + 1,
            checked_rows=0,
        )
        Row.objects.filter(network_id=network_id, job_id=job.id).delete()
    return Work(network, job, OPERATIONS[job.operation], token)


def _held(work: Work) -> Any:
    return Job.objects.filter(
        network_id=work.network.id, id=work.job.id, state=JobState.CHECKING, check_token=work.token
    )


def _renew(work: Work, **changes: Any) -> None:
    """Go on holding the job, in the same transaction as what is written; raise LeaseLost where it is not ours."""
    if not _held(work).update(check_lease_until=timezone.now() + LEASE, **changes):
        raise LeaseLost


def _back_to_draft(work: Work, remark: Stored, **changes: Any) -> None:
    """Say what is wrong; a person may say how else to read the file, or let it be checked again."""
    with network_scope(work.network.id):
        if _held(work).update(state=JobState.DRAFT, remarks=[remark], check_token=None, **changes):
            Row.objects.filter(network_id=work.network.id, job_id=work.job.id).delete()


def _check(work: Work) -> None:
    doubles = Doubles(work.operation)
    said = hashlib.sha256()
    with on_disk(work.network.id, work.job.id) as path:
        with network_scope(work.network.id):
            preflight = Preflight(work.network.id, work.operation)
        count = 0
        bad: list[RowError] = []
        with open_file(work.job, path, bad.append) as table:
            chunks = _chunks(_rows(work, table, bad))
            while True:
                with without_search():
                    chunk = next(chunks, [])
                    for row in chunk:
                        row.identity = identity_of(work.operation, row.cells)
                        doubles.add(row.number, row.identity, content_of(row.content))
                        said.update(row.content.encode(errors="surrogatepass"))
                    count += len(chunk)
                    if not chunk:
                        break
                    _store(work, chunk, preflight, count)
                    chunk.clear()
            remarks = _remarks(work, table, preflight)
        _mark_doubles(work, path, doubles)
    with network_scope(work.network.id):
        is_mine = _held(work).update(
            state=JobState.CHECKED,
            rows=count,
            checked_rows=count,
            remarks=remarks,
            rows_digest=said.digest(),
            check_attempts=0,
            check_token=None,
            check_lease_until=None,
        )
        if not is_mine:
            raise LeaseLost


def _rows(work: Work, table: TableReader, bad: list[RowError]) -> Iterator[Checked]:
    """Yield every row of the file, checked, in its order; those that can't be read are among them."""
    check = work.reader.read
    used = used_columns(work.job)
    for number, cells in table:
        if bad:
            yield from _unreadable(bad)
        named = {name: cells[position] for position, name in used}
        yield checked_row(number, named, check)
    yield from _unreadable(bad)


def _unreadable(bad: list[RowError]) -> Iterator[Checked]:
    while bad:
        error = bad.pop(0)
        yield Checked(error.row or 0, {}, None, [stored_file_error(error)], content=json.dumps(error.params))


def _chunks(rows: Iterator[Checked]) -> Iterator[list[Checked]]:
    chunk: list[Checked] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _store(work: Work, chunk: Sequence[Checked], preflight: Preflight, count: int) -> None:
    with network_scope(work.network.id):
        warned = preflight.warnings({row.number: row.item for row in chunk if row.item is not None})
        made = made_at(work.job.heading)
        readable = {row.number: row.item for row in chunk if row.item is not None}
        held = held_rows(work.network.id, work.operation, readable, made=made)
        for row in chunk:
            row.warnings = warned.get(row.number, [])
            row.problems += [held[row.number]] if row.number in held else []
        good = [row for row in chunk if row.is_plain]
        others = [row for row in chunk if not row.is_plain]
        key = (work.network.id, work.job.id, timezone.now())
        if good:
            numbers, items, digests = zip(*((row.number, row.content, row.identity) for row in good), strict=True)
            execute_binary(INSERT_GOOD, *key, list(numbers), list(items), list(digests))
        if others:
            columns = [list(column) for column in zip(*(row.values for row in others), strict=True)]
            execute_binary(INSERT, *key, *columns)
        _renew(work, checked_rows=count)


def _mark_doubles(work: Work, path: Path, doubles: Doubles) -> None:
    """Say of rows that others are about the same; only now are all of them known. Their cells are read once more."""
    said = {each.row: each for each in doubles}
    if not said:
        return
    used = used_columns(work.job)
    with open_file(work.job, path, lambda error: None) as table:
        marked: list[tuple[int, str, str, str]] = []
        for number, cells in table:
            if number in said:
                double = said[number]
                text = stored_json([double.problem])
                problems, warnings = (text, "[]") if double.is_error else ("[]", text)
                named = {name: cells[position] for position, name in used}
                marked.append((number, stored_json(named), problems, warnings))
            if len(marked) == CHUNK:
                _mark(work, marked)
                marked = []
        if marked:
            _mark(work, marked)


def _mark(work: Work, marked: Sequence[tuple[int, str, str, str]]) -> None:
    columns = [list(column) for column in zip(*marked, strict=True)]
    with network_scope(work.network.id):
        execute_binary(MARK, *columns, work.network.id, work.job.id)
        _renew(work)


def _remarks(work: Work, table: TableReader, preflight: Preflight) -> list[Stored]:
    """Return what is to be said of the file as a whole."""
    remarks = []
    for position, name in used_columns(work.job):
        numeric = table.numeric_columns.get(position)
        column = work.operation.field(name)
        if numeric and (column.kind in LIKE_REFERENCES or column.subject or column.pattern):
            heading = table.heading[position]
            remarks.append(found("typed_as_number", name, heading=heading, count=numeric.count))
    if preflight.unseen_kinds:
        remarks.append(found("nothing_seen", kinds=", ".join(preflight.unseen_kinds)))
    if work.operation.moves_everything:
        remarks.append(found("moves_everything"))
    return remarks
