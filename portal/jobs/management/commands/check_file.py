"""Checks a file against an operation and sends nothing."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.accounts.actors import actor_of
from portal.jobs.from_file import draft_and_check
from portal.jobs.management.arguments import add_file_arguments, explained, network_of, path_of
from portal.jobs.models import Job, Row
from portal.jobs.places import Places, places_of
from portal.jobs.problems import Stored, shown
from portal.jobs.states import RowState
from portal.jobs.submit import cancel
from portal.lib.scope import network_scope


class Command(BaseCommand):
    """`manage.py check_file --network SLUG --operation NAME --file F [--json]`"""

    help = "Checks every row of a file and says everything that is wrong; nothing is sent and nothing is kept in line."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_file_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check it."""
        network, actor = network_of(options["network"]), actor_of(options["actor"])
        with explained():
            job = draft_and_check(
                network, options["operation"], path_of(options["file"]), actor=actor, leave_unclear_out=True
            )
        with network_scope(network.id):
            rows = list(Row.objects.filter(network_id=network.id, job_id=job.id).order_by("number"))
            places = places_of(job)
            cancel(network, job.id, actor=actor, now=timezone.now())
        result = {
            "rows": job.rows,
            "good": sum(row.state == RowState.READY for row in rows),
            "format": job.file_format,
            "columns": {heading: meant or None for heading, meant in zip(job.heading, job.columns, strict=True)},
            "errors": [_said(row, each, places) for row in rows for each in row.problems],
            "warnings": [_said(row, each, places) for row in rows for each in row.warnings],
        }
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._show(job, result)

    def _show(self, job: Job, result: dict[str, Any]) -> None:
        for kind in ("errors", "warnings"):
            for each in result[kind]:
                where = f"{each['cell']} ({each['column']})" if each["cell"] else f"row {each['row']}"
                self.stdout.write(f"{kind[:-1]}: {where}: {each['message']}")
        self.stdout.write(f"{result['good']} of {job.rows} rows are good.")


def _said(row: Row, problem: Stored, places: Places) -> dict[str, Any]:
    said = shown(problem)
    return {
        "row": row.number,
        "column": places.headings.get(said.column, said.column),
        "cell": places.cell(said.column, row.number),
        "code": said.code,
        "message": said.text,
    }
