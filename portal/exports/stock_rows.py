"""The rows of exported lists of stock: levels, ledgers, what to order, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext

from portal.explore.stock.filters import read_filters
from portal.explore.stock.gaps import gap_page, read_gap_filters
from portal.explore.stock.ledger import Line, ledger_page
from portal.explore.stock.low import load_low, low_keys, read_low_filters
from portal.explore.stock.part import counted_on
from portal.explore.stock.parts import load_parts, part_keys
from portal.explore.stock.words import CONFIDENCE
from portal.exports.chunks import in_chunks
from portal.exports.slices import AT_ONCE, Coded, Slice, network_cell
from portal.lib.tabular.write import Cell
from portal.networks.models import Network


def stock_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every part of a view, with its level and how sure it is."""
    filters = read_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    keys = part_keys(wanted.chosen, filters, now=wanted.now, zone=wanted.zone_shown)
    for chunk in in_chunks(wanted.scope(), keys):
        with wanted.scope():
            rows = load_parts([(UUID(network_id), part) for network_id, part in chunk], filters, zone=wanted.zone_shown)
        for row in rows:
            yield (
                network_cell(networks[row.network_id]),
                row.reference,
                row.name,
                row.part,
                row.level,
                row.here,
                wanted.local(row.as_of),
                Coded(CONFIDENCE[row.confidence].word, row.confidence)
                if row.confidence in CONFIDENCE
                else row.confidence,
                wanted.local(row.doubtful_since),
                row.minimum,
                wanted.local(row.out_since),
                wanted.local(row.below_since),
                wanted.local(row.moved_at),
                wanted.local(row.consumed_at),
                row.position,
            )


def ledger_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every entry of a part's ledger, newest first, of one location or of all."""
    [network] = wanted.chosen
    key, location = (wanted.query.get(name, "")[:210].replace("\0", "") for name in ("key", "location"))
    before: str | None = ""
    while before is not None:
        with wanted.scope():
            scope = counted_on(network).scope
            page = ledger_page(network, scope, key, location=location, before=before, size=AT_ONCE)
        before = page.older
        for line in page.lines:
            if _was_there(wanted, line):
                yield _entry(wanted, network, line)


def _was_there(wanted: Slice, line: Line) -> bool:
    """Tell whether an entry was recorded when the export was asked for; a value of ours has no position."""
    entry = line.entry
    if entry.position is None:
        return entry.occurred_at <= wanted.now
    return entry.position <= wanted.until.get(entry.network_id, 0)


def _entry(wanted: Slice, network: Network, line: Line) -> Sequence[Cell]:
    entry, gap = line.entry, line.gaps[0] if line.gaps else None
    return (
        network_cell(network),
        line.part.reference,
        line.part.label,
        line.location.label if line.location else "",
        wanted.local(entry.occurred_at),
        Coded(line.look.word, entry.kind),
        entry.quantity,
        entry.previous,
        entry.resulting,
        line.balance,
        line.balance_here,
        gap.amount if gap else None,
        wanted.local(gap.gap.since) if gap else None,
        _state(is_filled=bool(gap.gap.closed_by)) if gap else None,
        line.task.label if line.task else "",
        line.person.label if line.person else "",
        entry.position,
        str(entry.job_id or ""),
        entry.row,
    )


def _state(*, is_filled: bool) -> Coded:
    return Coded(gettext("Filled by a late event"), "filled") if is_filled else Coded(gettext("Open"), "open")


def low_rows(wanted: Slice) -> Iterator[Sequence[Cell]]:
    """Yield every part that is out of stock or below its minimum, the oldest first, with what to order."""
    filters = read_low_filters(wanted.query)
    networks = {network.id: network for network in wanted.chosen}
    for chunk in in_chunks(wanted.scope(), low_keys(wanted.chosen, filters)):
        with wanted.scope():
            rows = load_low(
                [(UUID(network_id), part, datetime.fromisoformat(since)) for network_id, part, since in chunk]
            )
        for low in rows:
            row = low.row
            yield (
                network_cell(networks[row.network_id]),
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
                network_cell(network),
                line.part.reference,
                line.part.label,
                line.location.label if line.location else "",
                line.amount,
                gap.before,
                gap.after,
                wanted.local(gap.since),
                wanted.local(gap.until),
                _state(is_filled=bool(gap.closed_by)),
                gap.position,
                gap.closed_by,
            )
