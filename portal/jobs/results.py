"""What became of every row of a job, as a file: the person's own columns, then what was answered and proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO
from zoneinfo import ZoneInfo

from django.utils.timezone import localtime
from django.utils.translation import gettext

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.doubts import doubts_of, settled_words
from portal.jobs.downloads import in_item, pieces_of, reasons, rejections, written
from portal.jobs.file_rows import all_cells, used_columns
from portal.jobs.models import Confirmation, Job, Row
from portal.jobs.places import places_of
from portal.jobs.queries import evidence_for
from portal.lib.scope import network_scope


def results(job: Job) -> IO[bytes]:
    """Return what became of every row. Opens the network's scope itself, for each piece of rows."""
    places = places_of(job)
    operation = OPERATIONS[job.operation]
    names = [name for _position, name in used_columns(job)] or [field.name for field in operation.fields if field.path]

    def cells() -> Iterator[Sequence[str]]:
        with all_cells(job) as cells_of:
            for piece in pieces_of(job):
                with network_scope(job.network_id):
                    doubts, evidence = doubts_of(job, piece), evidence_for(job, piece)
                for row in piece:
                    typed = row.cells if row.cells is not None else cells_of(row.number) or in_item(job, row, names)
                    said = rejections(row, places) or reasons(row, places)
                    yield [
                        str(row.number),
                        *(typed.get(name, "") for name in names),
                        str(row.get_state_display()),
                        " ".join([*said, *beside(job, row, doubts)]),
                        *_proof(job, evidence.get(row.number, ())),
                    ]

    heading = [
        gettext("Row"),
        *(places.headings[name] for name in names),
        gettext("State"),
        gettext("What was said"),
        gettext("Event"),
        gettext("Event at"),
        gettext("Task"),
    ]
    return written(heading, cells())


def beside(job: Job, row: Row, doubts: Mapping[int, str]) -> list[str]:
    """Return what else there is to say of a row than what the check and Mobility Work said, one sentence each."""
    said = [doubts.get(row.number, ""), settled_words(row, job.network)]
    return [*filter(None, said), *([str(row.get_reason_display())] if row.reason else [])]


def _proof(job: Job, evidence: Sequence[Confirmation]) -> tuple[str, str, str]:
    """Return the position and the time of the event that decides, which is the latest, and the task that it names."""
    if not evidence:
        return "", "", ""
    last = evidence[-1]
    task = next((each.key.removeprefix("id:") for each in evidence if each.kind == "task"), "")
    moment = localtime(last.occurred_at, ZoneInfo(job.network.time_zone))
    return str(last.position), moment.strftime("%Y-%m-%d %H:%M:%S"), task
