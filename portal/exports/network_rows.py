"""The rows of exported lists of networks: what needs attention, what they send, and what was held back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.utils.translation import gettext, gettext_lazy

from portal.explore.overview import in_order
from portal.explore.signals import SIGNALS, Figure, standings
from portal.explore.today import events_today
from portal.exports.slices import Coded, Slice, network_cell
from portal.lib.tabular.write import Cell
from portal.webhooks.coverage_map import coverage_of
from portal.webhooks.held_back import refused_page, text_of, troubled_page

BODIES_AT_ONCE = 100
SEEN = {
    "live": gettext_lazy("Live"),
    "otherwise": gettext_lazy("Not live, only in loaded history or from the quarantine"),
    "never": gettext_lazy("Never seen"),
}


def network_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every network of a view."""
    for network in wanted.chosen:
        yield (
            network_cell(network),
            Coded(network.organization.name, network.organization.slug),
            Coded(network.get_kind_display(), network.kind),
            Coded(network.get_plan_display(), network.plan),
            network.time_zone,
            network.currency,
        )


def overview_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield what needs attention on every network of a view, in its order."""
    networks = wanted.chosen
    with wanted.scope():
        found = standings(networks, person=wanted.person_id, now=wanted.now)
        today = events_today(networks, zone=wanted.zone_shown, now=wanted.now)
    for each in in_order(found, wanted.query, today=today):
        yield (
            network_cell(each.network),
            *(_count(each.figures[signal.key]) for signal in SIGNALS),
            today[each.network.id],
            wanted.local(each.glance.last_received_at),
        )


def _count(figure: Figure) -> Cell:
    if not figure.is_known:
        return None
    return figure.text if figure.is_more else figure.count


def coverage_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every event type of every network of a view."""
    with wanted.scope():
        found = coverage_of(wanted.chosen, now=wanted.now)
    for each in found:
        for cell in each.cells:
            yield (
                network_cell(each.network),
                gettext(cell.type.label),
                cell.type.name,
                Coded(SEEN[cell.seen], cell.seen),
                wanted.local(cell.last_live_at or cell.last_other_at),
                cell.hours or None,
                wanted.local(cell.silent_from) if cell.is_silent else None,
                cell.events,
                cell.deliveries,
                cell.signed,
                cell.repeats,
                cell.released,
                cell.days,
            )


def quarantine_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every delivery of a network that may not take effect: those in trouble, then those that were refused."""
    [network] = wanted.chosen
    before: UUID | None = None
    while True:
        with wanted.scope():
            troubled, before = troubled_page(network, before=before, size=BODIES_AT_ONCE)
        for item, delivery in troubled:
            if delivery.received_at <= wanted.now:
                yield (
                    network_cell(network),
                    wanted.local(delivery.received_at),
                    Coded(item.get_state_display(), item.state),
                    item.error,
                    len(delivery.body),
                    str(delivery.id),
                    text_of(delivery.body),
                )
        if before is None:
            break
    while True:
        with wanted.scope():
            refused, before = refused_page(network, before=before, size=BODIES_AT_ONCE)
        for each in refused:
            if each.received_at <= wanted.now:
                yield (
                    network_cell(network),
                    wanted.local(each.received_at),
                    Coded(gettext("Refused"), "refused"),
                    Coded(each.get_reason_display(), each.reason),
                    len(bytes(each.body)),
                    str(each.id),
                    text_of(each.body),
                )
        if before is None:
            return
