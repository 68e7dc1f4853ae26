"""Tags that tasks carry, to choose from."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

LATEST = 5_000  # tasks that are looked at
TAGS = """
SELECT tag FROM (SELECT tags FROM tasks_task WHERE network_id = %s ORDER BY head_key DESC LIMIT %s) t
CROSS JOIN LATERAL unnest(t.tags) tag
WHERE strpos(lower(tag), lower(%s)) > 0 GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
"""


def tags_seen(network_id: UUID, text: str, *, limit: int) -> list[str]:
    """Return tags of the latest tasks in which a text stands, the most frequent first. Needs the network's scope."""
    with connection.cursor() as cursor:
        cursor.execute(TAGS, [network_id, LATEST, text, limit])
        return [tag for (tag,) in cursor.fetchall()]
