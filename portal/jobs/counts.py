"""Count sheets: files of stock levels to count by, and what moved between the making of one and its sending.

The moment of its making stands in the heading of a column of its own, so that whoever uploads the sheet again need not
say it. A row whose part moved since then is held until a person chooses: keep the count, add the movements, or leave
the row out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.headings import plain
from integrations.mobility_work.ordering import lower_bound
from integrations.mobility_work.subjects import SubjectKey, subjects_by_column
from integrations.spec import Operation
from portal.jobs.known import ASKED, asked_of
from portal.jobs.problems import Stored, found

MADE = _("Stock when the sheet was made")
NAME = _("Name of the part (not sent)")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
HELD = frozenset({"moved_since", "moved_unknown"})
AFTER = timedelta(microseconds=1)
MOVED = f"""
{ASKED} SELECT f.key, count(DISTINCT f.subject), count(*), sum(e.delta), bool_or(e.delta IS NULL), max(e.occurred_at)
FROM found f
JOIN unnest(%s::text[], %s::bytea[]) AS t (key, since) ON t.key = f.key
JOIN stock_entry e ON e.network_id = %s AND e.part = f.subject AND e.order_key >= t.since
    AND e.kind IN ('consumed', 'restocked', 'recounted', 'consumption_cancelled')
GROUP BY f.key
"""  # noqa: S608 - fixed parts only


def heading_made(moment: datetime) -> str:
    """Return the heading of the column that says when a sheet was made."""
    return f"{gettext(str(MADE))} ({moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def is_ours(heading: str) -> bool:
    """Tell whether a column of a sheet is only for those who count, and is never sent."""
    bare = plain(MOMENT.sub("", heading))
    return any(bare in {plain(name), plain(f"{made} UTC")} for name, made in _names())


def made_at(headings: Iterable[str]) -> datetime | None:
    """Return when the sheet with these headings was made, None where it is no count sheet."""
    for heading in headings:
        moment = MOMENT.search(heading)
        if moment and is_ours(heading):
            try:
                return datetime.fromisoformat(moment.group()).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def _names() -> list[tuple[str, str]]:
    found_names = []
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            found_names.append((str(NAME), str(MADE)))
    return found_names


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved of a part since a moment; `change` is None where not all of it can be said."""

    times: int
    change: Decimal | None
    until: datetime  # of the last movement


def moved_since(network_id: UUID, since: Mapping[str, datetime]) -> dict[str, Moved]:
    """Return what moved of parts, by key or reference, after the moments given. Needs the network's scope."""
    if not since:
        return {}
    keys = sorted(since)
    bounds = [lower_bound(since[key] + AFTER) for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(MOVED, [*asked_of(network_id, [("part", key) for key in keys]), keys, bounds, network_id])
        return {
            key: Moved(times, None if subjects > 1 or unsaid else change, until)
            for key, subjects, times, change, unsaid, until in cursor.fetchall()
        }


def held_rows(
    network_id: UUID,
    operation: Operation,
    items: Mapping[int, Mapping[str, Any]],
    *,
    made: datetime | None,
    weighed: Mapping[int, datetime] | None = None,
) -> dict[int, Stored]:
    """Return what is to be said of rows whose part moved since the sheet was made, or since a person weighed that.

    Needs the network's scope.
    """
    if made is None or not operation.sets_level:
        return {}
    named = {number: _part_of(operation, item) for number, item in items.items()}
    since: dict[str, datetime] = {}
    for number, key in named.items():
        if key:
            moment = (weighed or {}).get(number) or made
            since[key[1]] = min(moment, since.get(key[1], moment))
    moved = moved_since(network_id, since)
    return {
        number: _said(operation, items[number], moved[key[1]])
        for number, key in named.items()
        if key and key[1] in moved and moved[key[1]].until > ((weighed or {}).get(number) or made)
    }


def _part_of(operation: Operation, item: Mapping[str, Any]) -> SubjectKey | None:
    return subjects_by_column(operation, item).get(operation.identity[0])


def _said(operation: Operation, item: Mapping[str, Any], moved: Moved) -> Stored:
    counted = item.get(operation.sets_level)
    until = moved.until.isoformat()
    if moved.change is not None and isinstance(counted, int) and moved.change % 1 == 0:
        then = counted + int(moved.change)
        if then >= 0:
            change = f"{int(moved.change):+d}".replace("-", "−")
            return found("moved_since", operation.sets_level, times=moved.times, change=change, then=then, until=until)
    return found("moved_unknown", operation.sets_level, times=moved.times, until=until)
