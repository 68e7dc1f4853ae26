"""The one writer of events and readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from integrations.mobility_work.ordering import Tie, chain_indexes, order_key
from integrations.mobility_work.reading import Reading as Meaning
from portal.timeline.bulk import insert_events, insert_readings, insert_subjects, move_events
from portal.timeline.models import ContractDifference, Event, EventSubject, Reading
from portal.timeline.naming import keep_latest_names, name_again, names_from


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not recorded yet, and its reading."""

    identity: bytes
    raw: bytes
    first_received_at: datetime
    meaning: Meaning


def positions_of(network_id: UUID, identities: Iterable[bytes]) -> dict[bytes, int]:
    """Return the positions of those identities that are recorded already."""
    found = Event.objects.filter(network_id=network_id, identity__in=list(identities))
    return {bytes(identity): position for identity, position in found.values_list("identity", "position")}


def record_events(network_id: UUID, events: Sequence[NewEvent]) -> tuple[dict[bytes, int], set[int]]:
    """Record events that are new, in the order given; return their positions by identity, and those of earlier events
    whose place in the order changed thereby.

    The caller holds the network's drain lock: positions run on without a gap and become visible in order.
    """
    last = Event.objects.filter(network_id=network_id).aggregate(last=Max("position"))["last"] or 0
    now = timezone.now()
    positions = {event.identity: last + number for number, event in enumerate(events, 1)}
    numbered = [(positions[event.identity], event) for event in events]
    insert_events(network_id, numbered, recorded_at=now)
    return positions, write_readings(network_id, numbered)


def first_received(network_id: UUID, positions: Iterable[int]) -> dict[int, datetime]:
    """Return since when these events are known, by position."""
    found = Reading.objects.filter(network_id=network_id, position__in=list(positions))
    return dict(found.values_list("position", "first_received_at"))


def replace_readings(network_id: UUID, events: Sequence[tuple[int, NewEvent]]) -> set[int]:
    """Put new readings in the place of old ones, and return the positions of events whose place in the order changed.

    The caller holds the lock, and fills in what depends on deliveries.
    """
    positions = [position for position, _ in events]
    names = names_from(network_id, positions)
    EventSubject.objects.filter(network_id=network_id, position__in=positions).delete()
    Reading.objects.filter(network_id=network_id, position__in=positions).delete()
    moved = write_readings(network_id, events)
    told = [(subject, _alone(event)) for _, event in events for subject in event.meaning.subjects]
    name_again(network_id, names, told=told)
    return set(positions) | moved


def write_readings(network_id: UUID, events: Sequence[tuple[int, NewEvent]]) -> set[int]:
    """Add the readings of events, with their subjects, search terms and contract differences.

    Returns the positions of events recorded earlier that take another place among stock movements of one moment.
    What depends on deliveries (verdict, counts, flags) starts empty; the caller fills it in.
    """
    alone = {position: _alone(event) for position, event in events}
    tied, moved = _tied_keys(network_id, events, alone)
    keys = alone | tied
    move_events(network_id, moved)
    insert_readings(network_id, events, keys)
    insert_subjects(network_id, events, keys)
    keep_latest_names(
        network_id,
        # With a key that no later event changes.
        [(subject, alone[position]) for position, event in events for subject in event.meaning.subjects],
    )
    _write_differences(network_id, events)
    return {position for position, _ in moved}


def _alone(event: NewEvent) -> bytes:
    """Return an event's order key as if no other were of its chain and its moment."""
    return order_key(event.meaning.occurred_at, chain_index=0, rank=event.meaning.rank, identity=event.identity)


def _write_differences(network_id: UUID, events: Sequence[tuple[int, NewEvent]]) -> None:
    """Keep the first example of each way in which events differ from the known contract."""
    ContractDifference.objects.bulk_create(
        (
            ContractDifference(
                network_id=network_id,
                type=event.meaning.type,
                code=difference.code,
                path=difference.path,
                detail=difference.detail[:500],
                first_position=position,
                first_seen_at=event.first_received_at,
            )
            for position, event in events
            for difference in event.meaning.differences
        ),
        ignore_conflicts=True,
    )


def _tied_keys(
    network_id: UUID, events: Sequence[tuple[int, NewEvent]], alone: dict[int, bytes]
) -> tuple[dict[int, bytes], list[tuple[int, bytes]]]:
    """Return the order keys of tied events by position, and of recorded ones whose place changes thereby.

    Stock movements of one chain and one moment are ordered by previous and resulting stock.
    """
    ties: dict[tuple[str, datetime], dict[int, Tie]] = {}
    for position, event in events:
        meaning = event.meaning
        if meaning.chain:
            tie = Tie(alone[position][11:], meaning.rank, meaning.previous_stock, meaning.resulting_stock)
            ties.setdefault((meaning.chain, meaning.occurred_at), {})[position] = tie
    before: dict[int, bytes] = {}
    for reading in _recorded_near(network_id, ties.keys()):
        key = bytes(reading.order_key)
        if (group := ties.get((str(reading.chain), reading.occurred_at))) is not None:
            group[reading.position] = Tie(key[11:], key[10], reading.previous_stock, reading.resulting_stock)
            before[reading.position] = key
    keys: dict[int, bytes] = {}
    for (_, occurred_at), group in ties.items():
        if len(group) > 1:
            indexes = chain_indexes(group.values())
            for position, tie in group.items():
                keys[position] = order_key(
                    occurred_at, chain_index=indexes[tie.identity], rank=tie.rank, identity=tie.identity
                )
    return keys, [(position, keys[position]) for position, key in before.items() if keys[position] != key]


def _recorded_near(network_id: UUID, moments: Iterable[tuple[str, datetime]]) -> list[Reading]:
    """Return the readings of these chains at these times: few, though perhaps some more than asked for."""
    chains, times = {chain for chain, _ in moments}, {occurred_at for _, occurred_at in moments}
    if not chains:
        return []
    return list(
        Reading.objects.filter(network_id=network_id, chain__in=chains, occurred_at__in=times).only(
            "network_id", "position", "chain", "occurred_at", "order_key", "previous_stock", "resulting_stock"
        )
    )
