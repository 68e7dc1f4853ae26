"""The ledger of a part as a page shows it: entries newest first, the gaps between them, the balance after each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from integrations.mobility_work.ordering import lower_bound
from portal.explore.stock.names import Named, Thing, names_of
from portal.explore.stock.words import KINDS, Look
from portal.networks.models import Network
from portal.stock.models import Entry, Gap
from portal.stock.standing import Scope

PAGE_SIZE = 50
CHART_POINTS = 1_000
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger: an entry, how it is shown, and the gaps that it revealed."""

    entry: Entry
    look: Look
    part: Named
    location: Named | None
    person: Named | None
    task: Named | None
    balance: Decimal | None  # of the part
    balance_here: Decimal | None  # of the location, where locations are counted
    event_url: str
    job_url: str
    gaps: list[GapLine]


@dataclass(frozen=True, slots=True)
class GapLine:
    """One gap: how much is missing, where, and between which moments."""

    gap: Gap
    part: Named
    location: Named | None
    amount: Decimal
    revealed_url: str
    closed_url: str
    before_url: str = ""  # the event after which the chain was last heard of


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of a ledger; `older` is the cursor of the next one."""

    lines: list[Line]
    older: str | None


def ledger_page(
    network: Network, scope: Scope, part: str, *, location: str = "", before: str = "", size: int = PAGE_SIZE
) -> LedgerPage:
    """Return one page of a part's ledger, newest first, of one location or of all. Needs the scope."""
    entries = Entry.objects.filter(network_id=network.id, part=part).defer("checkpoint")
    if location:
        entries = entries.filter(location=location)
    if place := key_of(before):
        entries = entries.filter(order_key__lt=place)
    found = list(entries.order_by("-order_key")[: size + 1])
    older = bytes(found[size - 1].order_key).hex() if len(found) > size else None
    return LedgerPage(lines_of(network, scope, found[:size]), older)


def key_of(cursor: str) -> bytes:
    """Return a cursor as an order key; b"" where somebody changed it by hand."""
    try:
        key = bytes.fromhex(cursor)
    except ValueError:
        return b""
    return key if len(key) <= 27 else b""


def lines_of(network: Network, scope: Scope, entries: Sequence[Entry]) -> list[Line]:
    """Return entries with the names of what they speak of and the gaps that they revealed. Needs the scope."""
    gaps = list(
        Gap.objects.filter(
            network_id=network.id,
            part__in={entry.part for entry in entries},
            order_key__in=[entry.order_key for entry in entries],
        )
    )
    names = names_of([network], _things(entries, gaps))
    revealed: dict[tuple[str, bytes], list[GapLine]] = {}
    for gap in gaps:
        revealed.setdefault((gap.part, bytes(gap.order_key)), []).append(gap_line(network, gap, names))
    return [
        Line(
            entry=entry,
            look=KINDS[entry.kind],
            part=names[network.id, "part", entry.part],
            location=names.get((network.id, "location", entry.location)),
            person=names.get((network.id, "person", entry.person or "")),
            task=names.get((network.id, "task", entry.task or "")),
            balance=entry.places_after if scope is Scope.LOCATION else entry.part_after,
            balance_here=entry.place_after if scope is Scope.LOCATION else None,
            event_url=event_url(network, entry.position),
            job_url=reverse("job", args=[network.slug, entry.job_id]) if entry.job_id else "",
            gaps=revealed.get((entry.part, bytes(entry.order_key)), []),
        )
        for entry in entries
    ]


def gap_line(network: Network, gap: Gap, names: dict[Thing, Named], *, before: int | None = None) -> GapLine:
    """Return a gap as it is shown; `before` is the position of the event after which nothing was heard."""
    return GapLine(
        gap=gap,
        part=names[network.id, "part", gap.part],
        location=names.get((network.id, "location", gap.location)),
        amount=gap.after - gap.before,
        revealed_url=event_url(network, gap.position),
        closed_url=event_url(network, gap.closed_by),
        before_url=event_url(network, before),
    )


def event_url(network: Network, position: int | None) -> str:
    """Return the address of an event, "" where there is none."""
    return reverse("event", args=[network.slug, position]) if position is not None else ""


def _things(entries: Iterable[Entry], gaps: Iterable[Gap]) -> Iterable[Thing]:
    for entry in entries:
        yield entry.network_id, "part", entry.part
        for kind, key in (("location", entry.location), ("person", entry.person), ("task", entry.task)):
            if key:
                yield entry.network_id, kind, key
    for gap in gaps:
        if gap.location:
            yield gap.network_id, "location", gap.location


def chart_of(network: Network, scope: Scope, part: str, *, location: str, minimum: Decimal | None) -> dict[str, Any]:
    """Return the latest levels of a part as the chart draws them: moments, levels, and what each event was."""
    entries = Entry.objects.filter(network_id=network.id, part=part)
    if location:
        entries = entries.filter(location=location)
    level = ("place_after" if location else "places_after") if scope is Scope.LOCATION else "part_after"
    found = list(entries.order_by("-order_key").values_list("occurred_at", level, "kind", "quantity")[:CHART_POINTS])[
        ::-1
    ]
    points = [(at, after, kind, quantity) for at, after, kind, quantity in found if after is not None]
    return {
        "times": [at.timestamp() for at, *_ in points],
        "levels": [float(after) for _at, after, *_ in points],
        "words": [str(KINDS[kind].word) for _at, _after, kind, _quantity in points],
        "minimum": float(minimum) if minimum is not None and not location else None,
        "zone": network.time_zone,
    }


def moment_before(since: datetime) -> tuple[bytes, bytes]:
    """Return the order keys between which the entries of one moment lie."""
    return lower_bound(since), lower_bound(since + MICROSECOND)
