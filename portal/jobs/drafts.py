"""Makes drafts of files: how a file is read, what its headings mean, and what a person says of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.headings import match_columns, plain
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Field, Operation
from portal.accounts.models import User
from portal.jobs.counts import is_ours
from portal.jobs.file_rows import limits
from portal.jobs.files import on_disk, store_file
from portal.jobs.models import ColumnChoice, Job
from portal.jobs.revisions import ANYBODY, count_change
from portal.jobs.states import JobState, StateRefused, refuse_wrong_turn
from portal.jobs.submit import made_by, refuse_outside_plan
from portal.lib.ids import new_id
from portal.lib.plain_json import storable
from portal.lib.scope import network_scope
from portal.lib.tabular import FileFormat, TabularError, detect, read_rows
from portal.networks.models import Network

SAMPLE = 3  # rows shown beside the headings
LEFT_OUT = ""  # a heading whose cells are not sent
# The last column of a file of bad rows (portal.jobs.downloads): where it comes back, it is left out by itself.
REASON = _("Reason not sent")


class Undecided(Exception):
    """Some headings wait for a person to say what they mean."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The heading of a file and its first rows."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def beginning_of(path: Path, file_format: FileFormat) -> Beginning:
    """Read the beginning of a file. Raises TabularError where there is no heading to read.

    What is wrong further down, the check says.
    """
    rows: list[tuple[str, ...]] = []
    with read_rows(path, file_format, limits=limits(), on_row_error=lambda error: None) as reader:
        with suppress(TabularError):
            for _number, cells in islice(reader, SAMPLE):
                rows.append(tuple(cells))
        return Beginning(tuple(reader.heading), tuple(rows))


def draft_of_file(
    network: Network,
    operation_name: str,
    path: Path,
    *,
    file_name: str,
    actor: User | str,
    now: datetime,
    chosen: Mapping[str, str] | None = None,
) -> Job:
    """Keep a file as the draft of a job. Opens the network's scope itself, after the file was looked at.

    `chosen` says how it is read, as of `read_anew`; what it does not say is found out.

    Raises NotInPlan, TabularError, and KeyError for an operation that there is not.
    """
    operation = OPERATIONS[operation_name]
    refuse_outside_plan(network, operation)
    file_format = detect(path, limits=limits(), **(chosen or {}))
    heading = storable(beginning_of(path, file_format).heading)
    with network_scope(network.id):
        job_id = new_id()
        digest, size = store_file(network.id, job_id, path)
        columns, types = _meant(network, operation, heading)
        return Job.objects.create(
            id=job_id,
            network_id=network.id,
            operation=operation.name,
            family=operation.family,
            state=JobState.DRAFT,
            source=Job.Source.FILE,
            file_name=file_name[:255],
            file_digest=digest,
            file_bytes=size,
            file_format=storable(file_format.as_dict()),
            heading=list(heading),
            columns=columns,
            identifier_types=types,
            **made_by(actor),
            created_at=now,
        )


def _meant(network: Network, operation: Operation, heading: Sequence[str]) -> tuple[list[str | None], dict[str, str]]:
    """Return what each heading means, None where a person must say, and the types of identifiers chosen last time.

    What was chosen before for the same heading outranks what we would guess; never for two headings at once.
    """
    translations = [_translation(code) for code, _name in settings.LANGUAGES if code != "en"]
    match = match_columns(operation, heading, translations=translations)
    ours = _reason_headings()
    columns: list[str | None] = [
        LEFT_OUT if column is None and (plain(word) in ours or is_ours(word)) else column
        for word, column in zip(heading, match.columns, strict=True)
    ]
    known = {choice.heading: choice for choice in _choices(network, operation, heading)}
    names = {field.name for field in operation.fields}
    for position, word in enumerate(heading):
        choice = known.get(plain(word)[:200])
        if choice and (choice.column == LEFT_OUT or (choice.column in names and choice.column not in columns)):
            columns[position] = choice.column
    types = {choice.column: choice.identifier_type for choice in known.values() if choice.identifier_type}
    return columns, {name: kind for name, kind in types.items() if name in columns}


def _reason_headings() -> set[str]:
    found = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found.add(plain(str(REASON)))
    return found


def _choices(network: Network, operation: Operation, heading: Sequence[str]) -> list[ColumnChoice]:
    words = [plain(word)[:200] for word in heading]
    return list(ColumnChoice.objects.filter(network_id=network.id, operation=operation.name, heading__in=words))


def _translation(code: str) -> Any:
    def translate(text: str) -> str:
        with translation.override(code):
            return translation.gettext(text)

    return translate


def choices_of(job: Job) -> dict[str, str]:
    """Return how the file of a job is read, in the words of `read_anew`."""
    now = job.file_format or {}
    names = ("sheet", "decimal") if now.get("kind") == "xlsx" else ("encoding", "delimiter", "quote", "decimal")
    return {name: now[name] for name in names if name in now}


def read_anew(network: Network, job_id: UUID, chosen: Mapping[str, str]) -> Job:
    """Read the file of a draft as a person says: `chosen` has any of encoding, delimiter, quote, decimal and sheet.

    Opens scopes itself. Raises TabularError, and then changes nothing; StateRefused where the job is no draft.
    """
    with network_scope(network.id):
        job = Job.objects.get(network_id=network.id, id=job_id)
    refuse_wrong_turn(JobState(job.state), JobState.CHECKING)
    with on_disk(network.id, job_id) as path:
        file_format = detect(path, limits=limits(), **chosen)
        heading = storable(beginning_of(path, file_format).heading)
    with network_scope(network.id):
        changes: dict[str, Any] = {"file_format": storable(file_format.as_dict()), "remarks": []}
        if list(heading) != job.heading:
            columns, types = _meant(network, OPERATIONS[job.operation], heading)
            changes |= {"heading": list(heading), "columns": columns, "identifier_types": types}
        _change(network, job_id, changes)
        return Job.objects.get(network_id=network.id, id=job_id)


def choose_columns(
    network: Network,
    job_id: UUID,
    columns: Sequence[str | None],
    *,
    identifier_types: Mapping[str, str],
    now: datetime,
    remember: bool = True,
) -> Job:
    """Say what each heading means: a column's name, LEFT_OUT, or None for "not yet". It is remembered for other files.

    Needs the network's scope. Raises KeyError for a column that there is not, StateRefused where the job is no draft.
    """
    job = Job.objects.get(network_id=network.id, id=job_id)
    operation = OPERATIONS[job.operation]
    for name in filter(None, columns):
        operation.field(name)
    types = {name: kind for name, kind in identifier_types.items() if kind and name in columns}
    refuse_wrong_turn(JobState(job.state), JobState.CHECKING)
    _change(network, job_id, {"columns": list(columns), "identifier_types": types})
    for word, column in zip(job.heading, columns, strict=True):
        if remember and column is not None and plain(word):
            ColumnChoice.objects.update_or_create(
                network_id=network.id,
                operation=operation.name,
                heading=plain(word)[:200],
                defaults={"column": column, "identifier_type": types.get(column, ""), "chosen_at": now},
            )
    return Job.objects.get(network_id=network.id, id=job_id)


def _change(network: Network, job_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change how a file is understood; what was checked before is a draft again, for its rows say something else."""
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    if job.state not in {JobState.DRAFT, JobState.CHECKED}:
        raise StateRefused(job.state, JobState.DRAFT)
    Job.objects.filter(network_id=network.id, id=job_id).update(state=JobState.DRAFT, **changes)


def missing(operation: Operation, columns: Sequence[str | None]) -> list[Field]:
    """Return the columns that every row needs and no heading means."""
    return [field for field in operation.fields if field.needed and field.name not in columns]


def doubled(columns: Sequence[str | None]) -> set[str]:
    """Return the columns that several headings are said to mean."""
    return {name for name in columns if name and columns.count(name) > 1}


def start_check(network: Network, job_id: UUID) -> Job:
    """Let a draft be checked in the background. Needs the network's scope. Raises Undecided and StateRefused."""
    job = Job.objects.select_for_update().get(network_id=network.id, id=job_id)
    refuse_wrong_turn(JobState(job.state), JobState.CHECKING)
    if None in job.columns or doubled(job.columns) or missing(OPERATIONS[job.operation], job.columns):
        raise Undecided
    job.state, job.check_token, job.check_lease_until = JobState.CHECKING, None, None
    job.checked_rows, job.rows, job.remarks = 0, 0, []
    job.check_attempts, job.check_given_up_at, job.seen_at, job.mailed_at = 0, None, None, None
    job.save(
        update_fields=[
            "state", "check_token", "check_lease_until", "checked_rows", "rows", "remarks", "check_attempts",
            "check_given_up_at", "seen_at", "mailed_at",
        ]
    )  # fmt: skip
    count_change(job, ANYBODY)  # what was mended before is as in the file again
    return job


def sent_before(job: Job) -> list[Job]:
    """Return the submitted jobs of the operation with the same file or the same rows, latest first.

    Needs the network's scope.
    """
    same = Q(file_digest=job.file_digest) if job.file_digest else Q()
    if job.rows_digest:
        same |= Q(rows_digest=job.rows_digest)
    if not same:
        return []
    others = Job.objects.filter(same, network_id=job.network_id, operation=job.operation, submitted_at__isnull=False)
    return list(others.exclude(id=job.id).order_by("-submitted_at")[:3])
