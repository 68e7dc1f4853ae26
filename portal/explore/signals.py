"""★ The table of what may need attention on a network: each a count, where its rows are, and how it is worked out.

One statement counts them all for any number of networks; each count stops at the first row over `MOST`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, npgettext_lazy
from django.utils.translation import gettext_lazy as _

from portal.explore.links import list_url
from portal.jobs.attention import FAILED_FOR, UNCERTAIN_FOR, WAITING_STATES
from portal.networks.models import Network
from portal.tasks.conditions import DUE, LAST_WORK, stale_before
from portal.webhooks.coverage_map import silences
from portal.webhooks.glance import Glance, glances

MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One kind of thing that needs attention."""

    key: str
    label: str | Promise
    short: str | Promise  # a column's heading
    unit: Any  # lazy, by the count
    state: str  # warn, bad or progress: how it looks where there is any
    explained: str | Promise
    page: str  # name of the list that shows the rows
    filter: tuple[str, str] | None = None  # name and value in that list's address
    in_address: bool = False  # the list belongs to one network: its address holds the name
    note: str | Promise = ""  # what belongs beside the figure, so that nobody misreads it
    counted: str = ""  # FROM and WHERE of the rows, for the network n.id; "" = known otherwise

    def url(self, network: Network) -> str:
        """Return the address of the rows that are counted."""
        if self.in_address:
            return reverse(self.page, args=[network.slug])
        return list_url(self.page, network=network.slug, **dict([self.filter] if self.filter else []))


# The open tasks are gathered first, and their plans found by one scan of keys: a join would read all plans.
PLANNED = """tasks_plan p WHERE p.network_id = n.id AND p.task = ANY (ARRAY(SELECT t.task FROM tasks_task t
    WHERE t.network_id = n.id AND t.state IN ('seen', 'scheduled', 'started'))) AND p.ends_at IS NOT NULL"""
SIGNALS = (
    Signal(
        key="out", label=_("Out of stock"), short=_("Out of stock"),
        unit=npgettext_lazy("unit", "part", "parts", "count"), state="bad",
        page="stock", filter=("low", "out"),
        counted="stock_part x WHERE x.network_id = n.id AND x.out_since IS NOT NULL",
        explained=_("Parts whose last known level is 0 or less."),
    ),
    Signal(
        key="below", label=_("Below minimum"), short=_("Below minimum"),
        unit=npgettext_lazy("unit", "part", "parts", "count"), state="warn",
        page="stock", filter=("low", "below"), note=_("with those that are out of stock"),
        counted="stock_part x WHERE x.network_id = n.id AND x.below_since IS NOT NULL",
        explained=_("Parts whose last known level is below their minimum, as far as events name one. Parts that are "
                    "out of stock and have a minimum are among them."),
    ),
    Signal(
        key="overdue", label=_("Overdue tasks"), short=_("Overdue"),
        unit=npgettext_lazy("unit", "task", "tasks", "count"), state="bad",
        page="tasks", filter=("overdue", "1"),
        counted=f"{PLANNED} AND p.ends_at < %(now)s AND {DUE} <= %(now)s",
        explained=_("Tasks that are neither completed nor cancelled after their planned end. Events carry no planned "
                    "end: it is known of tasks that a job of this portal scheduled."),
    ),
    Signal(
        key="stale", label=_("Stale tasks"), short=_("Stale"),
        unit=npgettext_lazy("unit", "task", "tasks", "count"), state="warn",
        page="tasks", filter=("stale", "1"),
        counted=f"""tasks_task t WHERE t.network_id = n.id AND t.state = 'started' AND {LAST_WORK} < %(stale)s""",
        explained=_("Started tasks of which nothing was heard for 7 days, or for the days set for this installation."),
    ),
    Signal(
        key="uncertain", label=_("Uncertain rows"), short=_("Uncertain"),
        unit=npgettext_lazy("unit", "row", "rows", "count"), state="warn",
        page="jobs", filter=("is", "uncertain"),
        explained=_("Rows that may or may not have reached Mobility Work, in jobs of the last 30 days; none is sent "
                    "again by itself. Look them up in Mobility Work."),
    ),
    Signal(
        key="failed", label=_("Failed jobs"), short=_("Failed jobs"),
        unit=npgettext_lazy("unit", "job", "jobs", "count"), state="bad",
        page="jobs", filter=("is", "failed"),
        counted="jobs_job x WHERE x.network_id = n.id AND x.state = 'failed' AND x.ended_at >= %(failed)s",
        explained=_("Jobs of which no row was taken, and that ended in the last 7 days."),
    ),
    Signal(
        key="waiting", label=_("Jobs waiting for me"), short=_("For me"),
        unit=npgettext_lazy("unit", "job", "jobs", "count"), state="progress",
        page="jobs", filter=("is", "waiting"),
        counted="""jobs_job x WHERE x.network_id = n.id AND x.state = ANY (%(waiting)s)
            AND x.created_by_id = %(person)s""",
        explained=_("Jobs of mine that are not sent yet, or are paused until somebody decides."),
    ),
    Signal(
        key="quarantine", label=_("Quarantine"), short=_("Quarantine"),
        unit=npgettext_lazy("unit", "delivery", "deliveries", "count"), state="warn",
        page="quarantine", in_address=True,
        explained=_("Deliveries that were refused, are held back, or could not be processed."),
    ),
    Signal(
        key="gaps", label=_("Open gaps"), short=_("Gaps"),
        unit=npgettext_lazy("unit", "gap", "gaps", "count"), state="warn",
        page="stock_gaps", counted="stock_gap x WHERE x.network_id = n.id AND x.closed_by IS NULL",
        explained=_("Stock that changed without an event that arrived here: an event may have been missed."),
    ),
    Signal(
        key="silence", label=_("Silence"), short=_("Silent"),
        unit=npgettext_lazy("unit", "alarm", "alarms", "count"), state="warn",
        page="coverage",
        explained=_("The network itself, and event types, from which nothing arrived for longer than is set for them "
                    "on the coverage page; without a setting, the network after 24 hours."),
    ),
)  # fmt: skip
COUNT = "(SELECT count(*) FROM (SELECT FROM {} LIMIT %(limit)s) counted)"
UNCERTAIN = """(SELECT coalesce(sum(x.uncertain), 0) FROM jobs_job x
    WHERE x.network_id = n.id AND x.uncertain > 0 AND x.created_at >= %(uncertain)s)"""
QUARANTINE = """(SELECT count(*) FROM (SELECT FROM webhooks_processing x
    WHERE x.network_id = n.id AND x.state IN ('failed', 'held') LIMIT %(limit)s) counted)
    + coalesce((SELECT u.entries FROM webhooks_quarantineusage u WHERE u.network_id = n.id), 0)"""
COUNTS = "SELECT n.id, {} FROM unnest(%(networks)s::uuid[], %(zones)s::text[]) n(id, zone)"
COUNTED = [signal for signal in SIGNALS if signal.counted]


@dataclass(frozen=True, slots=True)
class Figure:
    """How many rows a signal counts; more than `MOST` are not counted on."""

    signal: Signal
    count: int
    url: str
    basis: int | None = None  # of how many it can be told at all, where that is not all of them

    @property
    def unit(self) -> str:
        return str(self.signal.unit % {"count": self.count})

    @property
    def is_known(self) -> bool:
        return self.basis != 0

    @property
    def note(self) -> str:
        """Return of how many the figure speaks, "" where it speaks of all."""
        if self.basis is None:
            return str(self.signal.note) if self.count else ""
        if not self.basis:
            return gettext("no open task has a known planned end")
        number = capped(min(self.basis, MOST), is_more=self.basis > MOST)
        return ngettext(
            "of %(number)s open task with a known planned end", "of %(number)s open tasks with a known planned end",
            self.basis,
        ) % {"number": number}  # fmt: skip

    @property
    def is_more(self) -> bool:
        return self.count > MOST

    @property
    def shown(self) -> int:
        return min(self.count, MOST)

    @property
    def text(self) -> str:
        return capped(self.shown, is_more=self.is_more) if self.is_known else "–"

    @property
    def state(self) -> str:
        return self.signal.state if self.count else ""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a signal over networks."""

    signal: Signal
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What needs attention on one network."""

    glance: Glance
    figures: dict[str, Figure]

    @property
    def network(self) -> Network:
        return self.glance.network

    @property
    def needs(self) -> list[Figure]:
        """Return what there is any of, the worst first."""
        order = {"bad": 0, "warn": 1, "progress": 2}
        return sorted((each for each in self.figures.values() if each.count), key=lambda each: order[each.signal.state])


def standings(networks: Sequence[Network], *, person: UUID, now: datetime) -> list[Standing]:
    """Return what needs attention on each network, in a number of queries that is always the same. Needs the scope."""
    counts = _counts(networks, person=person, now=now)
    silent = silences(networks, now=now)
    made = []
    for glance in glances(networks):
        found = counts[glance.network.id]
        found["silence"] = int(glance.silent) + len(silent[glance.network.id])
        basis = {"overdue": int(found["planned"])}
        figures = {
            signal.key: Figure(signal, int(found[signal.key]), signal.url(glance.network), basis.get(signal.key))
            for signal in SIGNALS
        }
        made.append(Standing(glance, figures))
    return made


def totals(standings: Sequence[Standing]) -> list[Total]:
    """Return the sum of each signal over networks."""
    sums = []
    for signal in SIGNALS:
        figures = [each.figures[signal.key] for each in standings]
        count = sum(figure.shown for figure in figures)
        is_known = any(figure.is_known for figure in figures)
        text = capped(count, is_more=any(figure.is_more for figure in figures)) if is_known else "–"
        sums.append(Total(signal, count, text))
    return sums


def capped(count: int, *, is_more: bool) -> str:
    """Return a count in the reader's digits, with a sign that there are more where they were not counted on."""
    return str(number_format(count, force_grouping=True)) + ("+" if is_more else "")


def _counts(networks: Sequence[Network], *, person: UUID, now: datetime) -> dict[UUID, dict[str, int]]:
    columns = [*(COUNT.format(signal.counted) for signal in COUNTED), COUNT.format(PLANNED)]
    names = [*(signal.key for signal in COUNTED), "planned", "uncertain", "quarantine"]
    values: dict[str, Any] = {
        "networks": [network.id for network in networks],
        "zones": [network.time_zone for network in networks],
        "limit": MOST + 1,
        "person": person,
        "now": now,
        "stale": stale_before(now),
        "failed": now - FAILED_FOR,
        "uncertain": now - UNCERTAIN_FOR,
        "waiting": [str(state) for state in WAITING_STATES],
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(", ".join([*columns, UNCERTAIN, QUARANTINE])), values)
        return {network_id: dict(zip(names, counts, strict=True)) for network_id, *counts in cursor.fetchall()}
