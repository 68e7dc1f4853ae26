"""The one writer of the projection of tasks. The caller holds the network's drain lock and its scope."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from portal.lib.statements import execute_binary
from portal.tasks.fold import Saying, Standing, State, fold

TABLES = ("tasks_task",)
MOMENTS = (State.SCHEDULED, State.STARTED, State.COMPLETED, State.CANCELLED)
SEPARATOR = "\x1f"  # no key or tag holds a control character
UPSERT = """
INSERT INTO {p}tasks_task (network_id, task, state, state_at, scheduled_at, scheduled_by, scheduled_position,
    started_at, started_by, started_position, completed_at, completed_by, completed_position, cancelled_at,
    cancelled_by, cancelled_position, activities, last_activity_at, about_kind, about, tags, parts, people,
    head_key, position)
SELECT %b, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7, t.c8, t.c9, t.c10, t.c11, t.c12, t.c13, t.c14, t.c15, t.c16, t.c17,
    t.c18, t.c19, CASE WHEN t.c20 = '' THEN '{}' ELSE string_to_array(t.c20, chr(31)) END, t.c21::jsonb,
    CASE WHEN t.c22 = '' THEN '{}' ELSE string_to_array(t.c22, chr(31)) END, t.c23, t.c24
FROM unnest(%b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::text[], %b::bigint[], %b::timestamptz[],
    %b::text[], %b::bigint[], %b::timestamptz[], %b::text[], %b::bigint[], %b::timestamptz[], %b::text[], %b::bigint[],
    %b::int[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bigint[])
AS t (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24)
ON CONFLICT (network_id, task) DO UPDATE SET state = EXCLUDED.state, state_at = EXCLUDED.state_at,
    scheduled_at = EXCLUDED.scheduled_at, scheduled_by = EXCLUDED.scheduled_by,
    scheduled_position = EXCLUDED.scheduled_position, started_at = EXCLUDED.started_at,
    started_by = EXCLUDED.started_by, started_position = EXCLUDED.started_position,
    completed_at = EXCLUDED.completed_at, completed_by = EXCLUDED.completed_by,
    completed_position = EXCLUDED.completed_position, cancelled_at = EXCLUDED.cancelled_at,
    cancelled_by = EXCLUDED.cancelled_by, cancelled_position = EXCLUDED.cancelled_position,
    activities = EXCLUDED.activities, last_activity_at = EXCLUDED.last_activity_at, about_kind = EXCLUDED.about_kind,
    about = EXCLUDED.about, tags = EXCLUDED.tags, parts = EXCLUDED.parts, people = EXCLUDED.people,
    head_key = EXCLUDED.head_key, position = EXCLUDED.position
"""


def apply(network_id: UUID, sayings: Mapping[str, Iterable[Saying]], *, prefix: str = "") -> None:
    """Write where these tasks stand, given all that events say of each, in order; nothing said = not known."""
    standings = {task: fold(said) for task, said in sayings.items()}
    gone = [task for task, standing in standings.items() if not standing.position]
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {prefix}tasks_task WHERE network_id = %s AND task = ANY (%s)",  # noqa: S608 - our prefix
                [network_id, gone],
            )
    rows = [_row(task, standing) for task, standing in sorted(standings.items()) if standing.position]
    if rows:
        statement = UPSERT.replace("{p}", prefix)
        execute_binary(statement, network_id, *(list(column) for column in zip(*rows, strict=True)))


def _row(task: str, standing: Standing) -> tuple[Any, ...]:
    moments: Sequence[Any] = [
        value
        for state in MOMENTS
        for moment in [standing.reached.get(state)]
        for value in ((moment.at, moment.person or "", moment.position) if moment else (None, "", None))
    ]
    return (
        task, standing.state.value, standing.state_at, *moments, standing.activities, standing.last_activity_at,
        standing.about_kind, standing.about, SEPARATOR.join(standing.tags), json.dumps(standing.parts),
        SEPARATOR.join(standing.people), standing.head_key, standing.position,
    )  # fmt: skip
