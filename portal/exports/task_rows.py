"""The rows of the exported list of tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from portal.explore.task_rows import rows_of
from portal.exports.chunks import in_chunks
from portal.exports.slices import Coded, Slice, network_cell
from portal.lib.tabular.write import Cell
from portal.tasks.filters import read_task_filters
from portal.tasks.queries import Place, all_places, load_lines, view_of


def task_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every task of a view, in its order."""
    for chunk in in_chunks(wanted.scope(), _places(wanted)):
        with wanted.scope():
            lines = load_lines([(UUID(network_id), task) for network_id, task in chunk])
            rows = rows_of(lines, wanted.chosen, now=wanted.now)
        for row in rows:
            task, plan = row.task, row.plan
            yield (
                network_cell(row.network),
                row.reference,
                row.title,
                Coded(row.state_word, task.state),
                wanted.local(task.state_at),
                row.about.label if row.about else "",
                Coded(", ".join(task.tags), list(task.tags)),
                ", ".join(person.label for person in row.people),
                wanted.local(task.scheduled_at),
                wanted.local(task.started_at),
                wanted.local(task.completed_at),
                wanted.local(task.cancelled_at),
                task.activities,
                wanted.local(plan.starts_at if plan else None),
                wanted.local(row.due),
                wanted.local(row.overdue_since),
                wanted.local(row.stale_since),
            )


def _places(wanted: Slice) -> Iterator[Place]:
    filters = read_task_filters(wanted.query)
    yield from all_places(view_of(wanted.chosen, filters, zone=wanted.zone_shown, now=wanted.now))
