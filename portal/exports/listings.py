"""★ The table of lists that can be exported. One more list = one entry here, and an "Export" on its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.events import EVENT_TYPES
from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.attention import ATTENTION, needing
from portal.jobs.queries import JobFilters, job_page
from portal.lib.scope import tenant_scope
from portal.networks.models import Network
from portal.timeline.filters import flag_words, read_filters
from portal.timeline.models import Reading
from portal.timeline.queries import timeline_page
from portal.timeline.sentences import plain_sentence
from portal.trail.actions import ACTIONS
from portal.trail.models import Entry
from portal.trail.queries import TrailFilters, trail_page

AT_ONCE = 1000
Cell = str | Decimal | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What of a list is exported, and how it is written."""

    person_id: UUID
    networks: Sequence[Network]  # all that the person could open when they asked
    organizations: Sequence[UUID]
    query: QueryDict
    zone: ZoneInfo  # of the person; a list of one network has the network's
    now: datetime  # when they asked: "the last 7 days" are those before
    until: dict[UUID, int]

    def scope(self) -> AbstractContextManager[None]:
        """Open a transaction that sees what the person could open."""
        return tenant_scope(networks=[network.id for network in self.networks], organizations=self.organizations)

    @property
    def chosen(self) -> list[Network]:
        """The networks of the list: the one in the address, or all."""
        slug = self.query.get("network", "")
        return [network for network in self.networks if not slug or network.slug == slug]

    def local(self, moment: datetime | None) -> str:
        """Return a moment as ISO 8601 in the list's zone, with its offset."""
        chosen = self.chosen
        zone = ZoneInfo(chosen[0].time_zone) if len(chosen) == 1 else self.zone
        return timezone.localtime(moment, zone).isoformat(timespec="seconds") if moment else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list: its columns by the name that JSON Lines uses, and its rows, a chunk per transaction."""

    name: str
    label: str | Promise
    url_name: str
    columns: Sequence[tuple[str, str | Promise]]
    rows: Callable[[Slice], Iterator[Sequence[Cell]]]


def _timeline(wanted: Slice) -> Iterator[Sequence[Cell]]:
    filters = read_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    zone = ZoneInfo(next(iter(networks.values())).time_zone) if len(networks) == 1 else wanted.zone
    before = ""
    while True:
        with wanted.scope():
            page = timeline_page(
                list(networks.values()), filters, zone=zone, now=wanted.now, before=before, size=AT_ONCE
            )
        for reading in page.readings:
            if reading.position <= wanted.until.get(reading.network_id, 0):
                yield _event(wanted, networks[reading.network_id], reading)
        if not page.older:
            return
        before = page.older


def _event(wanted: Slice, network: Network, reading: Reading) -> Sequence[Cell]:
    entry = EVENT_TYPES.get(reading.type)
    return (
        network.name,
        wanted.local(reading.occurred_at),
        wanted.local(reading.first_received_at),
        gettext(entry.label) if entry else reading.type,
        plain_sentence(reading),
        ", ".join(str(flag_words(flag)) for flag in reading.flags),
        reading.previous_stock,
        reading.resulting_stock,
        reading.deliveries,
        reading.position,
        bytes(reading.order_key)[11:].hex(),
    )


def _jobs(wanted: Slice) -> Iterator[Sequence[Cell]]:
    networks = {network.id: network for network in wanted.chosen}
    needs = wanted.query.get("is", "")
    filters = JobFilters(
        networks=list(networks.values()),
        operation=wanted.query.get("operation", ""),
        state=wanted.query.get("state", ""),
        mine=wanted.person_id if wanted.query.get("mine") else None,
        needs=needing(needs, person=wanted.person_id, now=wanted.now) if needs in ATTENTION else None,
    )
    before: UUID | None = None
    while True:
        with wanted.scope():
            jobs, before = job_page(filters, before=before)
        for job in jobs:
            yield (
                networks[job.network_id].name,
                str(job.id),
                gettext(OPERATIONS[job.operation].label),
                str(job.get_state_display()),
                job.file_name,
                job.rows,
                job.created_by,
                wanted.local(job.created_at),
                wanted.local(job.submitted_at),
                wanted.local(job.ended_at),
            )
        if before is None:
            return


def _trail(wanted: Slice) -> Iterator[Sequence[Cell]]:
    names = {network.id: network.name for network in wanted.networks}
    chosen = wanted.chosen[0] if wanted.query.get("network") and wanted.chosen else None
    filters = TrailFilters(
        action=wanted.query.get("action", ""), person=wanted.query.get("person", ""),
        network_id=chosen.id if chosen else None,
    )  # fmt: skip
    before: UUID | None = None
    while True:
        with wanted.scope():
            entries, before = trail_page(filters, before=before, size=AT_ONCE)
        for entry in entries:
            if entry.at <= wanted.now:
                yield _act(wanted, entry, names)
        if before is None:
            return


def _act(wanted: Slice, entry: Entry, names: dict[UUID, str]) -> Sequence[Cell]:
    return (
        wanted.local(entry.at),
        str(ACTIONS.get(entry.action, entry.action)),
        entry.actor,
        entry.subject,
        names.get(entry.network_id, "") if entry.network_id else "",
        str(entry.address or ""),
    )


TABLE: tuple[Listing, ...] = (
    Listing(
        name="timeline", label=_("Timeline"), url_name="timeline", rows=_timeline,
        columns=(
            ("network", _("Network")), ("occurred_at", _("Occurred")), ("received_at", _("Received")),
            ("type", _("Type")), ("sentence", _("What happened")), ("marks", _("Marks")),
            ("previous_stock", _("Stock before")), ("resulting_stock", _("Stock after")),
            ("deliveries", _("Deliveries")), ("position", _("Position")), ("identity", _("Identity")),
        ),
    ),
    Listing(
        name="jobs", label=_("Jobs"), url_name="jobs", rows=_jobs,
        columns=(
            ("network", _("Network")), ("job", _("Job")), ("operation", _("Operation")), ("state", _("State")),
            ("file", _("File")), ("rows", _("Rows")), ("who", _("Who")), ("begun_at", _("Begun")),
            ("submitted_at", _("Sent")), ("ended_at", _("Ended")),
        ),
    ),
    Listing(
        name="trail", label=_("Audit trail"), url_name="trail", rows=_trail,
        columns=(
            ("at", _("Time")), ("act", _("Act")), ("who", _("Who")), ("about", _("About")), ("network", _("Network")),
            ("address", _("Network address")),
        ),
    ),
)  # fmt: skip
LISTINGS = {listing.name: listing for listing in TABLE}
