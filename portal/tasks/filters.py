"""Which tasks a view shows: read from the address, and written into it again, so that every view can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.periods import PRESETS, read_date
from portal.tasks.models import Task

OPEN = (Task.State.SEEN, Task.State.SCHEDULED, Task.State.STARTED)
ENDED = (Task.State.COMPLETED, Task.State.CANCELLED)
# What the chosen days are about.
MOMENTS: dict[str, str | Promise] = {"changed": _("State changed"), "planned": _("Planned end")}
SORTS: dict[str, str | Promise] = {
    "latest": _("Latest event first"),
    "quietest": _("Oldest event first"),
    "changed": _("Latest change of state first"),
    "waiting": _("Longest in its state first"),
    "due": _("Planned end, earliest first"),
    "due-last": _("Planned end, latest first"),
}
BY_PLAN = frozenset({"due", "due-last"})
BY_STATE = frozenset({"changed", "waiting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilters:
    """A view of tasks. Empty means all of them."""

    network: str = ""
    states: tuple[str, ...] = ()
    equipment: str = ""  # key
    part: str = ""  # key of a part that a task needs or is about
    tag: str = ""
    person: str = ""  # key
    moment: str = ""  # what the days are about; "" = changed
    preset: str = ""
    start: date | None = None
    end: date | None = None
    overdue: bool = False
    stale: bool = False
    query: str = ""
    sort: str = ""  # "" = latest
    problems: tuple[str, ...] = ()

    @property
    def has_period(self) -> bool:
        """Tell whether days are chosen."""
        return bool(self.preset or self.start or self.end)

    @property
    def is_filtered(self) -> bool:
        """Tell whether anything but the order is chosen."""
        return replace(self, sort="", problems=(), moment="") != TaskFilters()

    def parameters(self) -> list[tuple[str, str]]:
        """Return the address's parameters of this view."""
        pairs = [("network", self.network), *(("state", state) for state in self.states)]
        pairs += [("equipment", self.equipment), ("part", self.part), ("tag", self.tag), ("person", self.person)]
        pairs += [("on", self.moment), ("period", self.preset)]
        pairs += [
            ("from", self.start.isoformat() if self.start else ""),
            ("to", self.end.isoformat() if self.end else ""),
        ]
        pairs += [("overdue", "1" if self.overdue else ""), ("stale", "1" if self.stale else "")]
        pairs += [("q", self.query), ("sort", self.sort)]
        return [(name, value) for name, value in pairs if value]

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())

    def without(self, **changes: Any) -> str:
        """Return the address's parameters with some of them changed."""
        return replace(self, **changes).query_string()


def read_task_filters(data: QueryDict | Mapping[str, str]) -> TaskFilters:
    """Read the parameters of an address; what makes no sense is named in `problems` and left out."""
    problems: list[str] = []
    listed = data.getlist("state") if isinstance(data, QueryDict) else [data.get("state", "")]
    start, end = read_date(data.get("from", ""), problems), read_date(data.get("to", ""), problems)
    if start and end and start > end:
        start, end = end, start  # the days between the two are meant, whichever was typed first
    moment, preset, sort = data.get("on", ""), data.get("period", ""), data.get("sort", "")
    if preset in PRESETS:
        start = end = None
    return TaskFilters(
        network=data.get("network", "")[:60],
        states=tuple(state for state in dict.fromkeys(listed) if state in Task.State.values),
        equipment=_text(data, "equipment", 210),
        part=_text(data, "part", 210),
        tag=_text(data, "tag", 200),
        person=_text(data, "person", 210),
        moment=moment if moment in MOMENTS else "",
        preset=preset if preset in PRESETS else "",
        start=start,
        end=end,
        overdue=data.get("overdue") == "1",
        stale=data.get("stale") == "1",
        query=_text(data, "q", 200),
        sort=sort if sort in SORTS else "",
        problems=tuple(problems),
    )


def _text(data: QueryDict | Mapping[str, str], name: str, most: int) -> str:
    return data.get(name, "").replace("\0", "").strip()[:most]
