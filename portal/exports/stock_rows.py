"""The rows of exported lists of stock: levels, what to order, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext

from portal.explore.stock.filters import read_filters
from portal.explore.stock.gaps import gap_page, read_gap_filters
from portal.explore.stock.low import low_page, read_low_filters
from portal.explore.stock.parts import stock_page
from portal.explore.stock.words import CONFIDENCE
from portal.exports.slices import AT_ONCE, Slice
from portal.lib.tabular.write import Cell


def stock_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every part of a view, with its level and how sure it is."""
    filters = read_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    after: str | None = ""
    while after is not None:
        with wanted.scope():
            page = stock_page(
                list(networks.values()), filters, now=wanted.now, zone=wanted.zone_shown, after=after, size=AT_ONCE
            )
        after = page.next
        for row in page.rows:
            yield (
                networks[row.network_id].name,
                row.reference,
                row.name,
                row.part,
                row.level,
                row.here,
                wanted.local(row.as_of),
                str(CONFIDENCE[row.confidence].word) if row.confidence in CONFIDENCE else row.confidence,
                wanted.local(row.doubtful_since),
                row.minimum,
                wanted.local(row.out_since),
                wanted.local(row.below_since),
                wanted.local(row.moved_at),
                wanted.local(row.consumed_at),
                row.position,
            )


def low_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every part that is out of stock or below its minimum, the oldest first, with what to order."""
    filters = read_low_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    after: str | None = ""
    while after is not None:
        with wanted.scope():
            page = low_page(list(networks.values()), filters, after=after, size=AT_ONCE)
        after = page.next
        for low in page.rows:
            row = low.row
            yield (
                networks[row.network_id].name,
                row.reference,
                row.name,
                row.level,
                row.minimum,
                low.maximum.quantity if low.maximum else None,
                low.order,
                wanted.local(low.since),
                low.days(wanted.now),
                wanted.local(row.consumed_at),
            )


def gap_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every gap of a view, the latest first."""
    filters = read_gap_filters(wanted.query)
    after: str | None = ""
    while after is not None:
        with wanted.scope():
            page = gap_page(wanted.chosen, filters, after=after, size=AT_ONCE)
        after = page.next
        for network, line in page.lines:
            gap = line.gap
            yield (
                network.name,
                line.part.reference,
                line.part.label,
                line.location.label if line.location else "",
                line.amount,
                gap.before,
                gap.after,
                wanted.local(gap.since),
                wanted.local(gap.until),
                gettext("Filled by a late event") if gap.closed_by else gettext("Open"),
                gap.position,
                gap.closed_by,
            )
