"""The rows of exported lists of what happened: events, jobs and their rows, notices, acts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.utils.translation import gettext

from integrations.mobility_work.events import EVENT_TYPES
from integrations.mobility_work.operations import OPERATIONS
from portal.exports.slices import AT_ONCE, Coded, Slice, network_cell
from portal.jobs.about import about
from portal.jobs.attention import ATTENTION, needing
from portal.jobs.doubts import doubts_of, settled_words
from portal.jobs.downloads import reasons, rejections
from portal.jobs.models import Job
from portal.jobs.places import places_of
from portal.jobs.queries import JobFilters, evidence_for, job_page, result_page
from portal.jobs.states import RowState
from portal.lib.ids import id_in
from portal.lib.tabular.write import Cell
from portal.networks.models import Network
from portal.notifications.kinds import KINDS
from portal.notifications.queries import NoticeFilters, page_of
from portal.timeline.filters import flag_words, read_filters
from portal.timeline.models import Reading
from portal.timeline.queries import timeline_page
from portal.timeline.sentences import plain_sentence
from portal.trail.actions import ACTIONS
from portal.trail.models import Entry
from portal.trail.queries import read_trail_filters, trail_page


def timeline_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    filters = read_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    zone = wanted.zone_shown
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
        network_cell(network),
        wanted.local(reading.occurred_at),
        wanted.local(reading.first_received_at),
        Coded(gettext(entry.label) if entry else reading.type, reading.type),
        plain_sentence(reading),
        Coded(", ".join(str(flag_words(flag)) for flag in reading.flags), list(reading.flags)),
        reading.previous_stock,
        reading.resulting_stock,
        reading.deliveries,
        reading.position,
        bytes(reading.order_key)[11:].hex(),
    )


def job_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
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
                network_cell(networks[job.network_id]),
                str(job.id),
                Coded(gettext(OPERATIONS[job.operation].label), job.operation),
                Coded(job.get_state_display(), job.state),
                job.file_name,
                job.rows,
                job.created_by,
                wanted.local(job.created_at),
                wanted.local(job.submitted_at),
                wanted.local(job.ended_at),
            )
        if before is None:
            return


def row_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield the rows of a job, narrowed to a state as on its page, each with what was said of it and what proves it."""
    [network] = wanted.chosen
    job_id, state = id_in(wanted.query.get("job", "")), wanted.query.get("state", "")
    with wanted.scope():
        job = Job.objects.filter(network_id=network.id, id=job_id).first() if job_id else None
    if job is None:
        return
    places = places_of(job)
    after: int | None = -1
    while after is not None:
        with wanted.scope():
            rows, more = result_page(job, state=state if state in RowState.values else "", after=after, size=AT_ONCE)
            evidence, doubts = evidence_for(job, rows), doubts_of(job, rows)
        after = more
        for row in rows:
            said = rejections(row, places) or reasons(row, places)
            latest = evidence[row.number][-1] if row.number in evidence else None
            yield (
                network_cell(network),
                str(job.id),
                row.number,
                about(job, row),
                Coded(row.get_state_display(), row.state),
                Coded(row.get_reason_display(), row.reason) if row.reason else None,
                " ".join([*said, *filter(None, [doubts.get(row.number), settled_words(row, network)])]),
                Coded(latest.get_verdict_display(), latest.verdict) if latest else None,
                latest.position if latest else None,
                wanted.local(latest.occurred_at if latest else None),
                Coded(json.dumps(row.item, ensure_ascii=False), row.item) if row.item else None,
            )


def notice_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield the notices of whoever asked, newest first."""
    kind = wanted.query.get("kind", "")
    filters = NoticeFilters(person=wanted.person_id, networks=wanted.chosen, kind=kind if kind in KINDS else "")
    before: UUID | None = None
    while True:
        with wanted.scope():
            lines, before = page_of(filters, before=before, size=AT_ONCE)
        for line in lines:
            notice = line.notice
            if notice.created_at <= wanted.now:
                yield (
                    network_cell(line.network),
                    wanted.local(notice.at),
                    Coded(line.kind.label, line.kind.name),
                    line.sentence,
                    wanted.local(notice.seen_at),
                    wanted.local(notice.mailed_at),
                )
        if before is None:
            return


def trail_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    names = {network.id: network_cell(network) for network in wanted.networks}
    chosen = wanted.chosen[0] if wanted.query.get("network") and wanted.chosen else None
    filters = read_trail_filters(
        wanted.query, network_id=chosen.id if chosen else None, zone=wanted.zone, now=wanted.now
    )
    before: UUID | None = None
    while True:
        with wanted.scope():
            entries, before = trail_page(filters, before=before, size=AT_ONCE)
        for entry in entries:
            if entry.at <= wanted.now:
                yield _act(wanted, entry, names)
        if before is None:
            return


def _act(wanted: Slice, entry: Entry, names: dict[UUID, Coded]) -> Sequence[Cell]:
    return (
        wanted.local(entry.at),
        Coded(ACTIONS.get(entry.action, entry.action), entry.action),
        entry.actor,
        entry.subject,
        names.get(entry.network_id, "") if entry.network_id else "",
        str(entry.address or ""),
    )
