"""The one writer of events and readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from integrations.mobility_work.ordering import Tie, chain_indexes, order_key
from integrations.mobility_work.reading import Reading as Meaning
from portal.timeline.bulk import insert_events, insert_readings, insert_subjects, move_events
from portal.timeline.models import ContractDifference, Event, Reading, Subject


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


def record_events(network_id: UUID, events: Sequence[NewEvent]) -> dict[bytes, int]:
    """Record events that are new, in the order given, and return their positions by identity.

    The caller holds the network's drain lock: positions run on without a gap and become visible in order.
    """
    last = Event.objects.filter(network_id=network_id).aggregate(last=Max("position"))["last"] or 0
    now = timezone.now()
    positions = {event.identity: last + number for number, event in enumerate(events, 1)}
    numbered = [(positions[event.identity], event) for event in events]
    insert_events(network_id, numbered, recorded_at=now)
    write_readings(network_id, numbered)
    return positions


def write_readings(network_id: UUID, events: Sequence[tuple[int, NewEvent]]) -> None:
    """Add the readings of events, with their subjects, search terms and contract differences.

    What depends on deliveries (verdict, counts, flags) starts empty; the caller fills it in.
    """
    keys = {
        position: order_key(event.meaning.occurred_at, chain_index=0, rank=event.meaning.rank, identity=event.identity)
        for position, event in events
    }
    insert_readings(network_id, events, keys)
    insert_subjects(network_id, events, keys)
    _write_subjects(network_id, events, keys)
    _write_differences(network_id, events)
    _order_ties(network_id, events)


def _write_subjects(network_id: UUID, events: Sequence[tuple[int, NewEvent]], keys: dict[int, bytes]) -> None:
    """Keep the latest name and reference of each subject; an older event never overwrites a newer name."""
    latest: dict[tuple[str, str], Subject] = {}
    for position, event in events:
        for subject in event.meaning.subjects:
            known = latest.get((subject.kind, subject.key))
            if known is None or keys[position] > bytes(known.last_order_key):
                latest[subject.kind, subject.key] = Subject(
                    network_id=network_id,
                    kind=subject.kind,
                    key=subject.key,
                    label=subject.label[:300],
                    reference=subject.reference[:200],
                    last_order_key=keys[position],
                )
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
            VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (network_id, kind, key) DO UPDATE SET
            label = EXCLUDED.label, reference = EXCLUDED.reference, last_order_key = EXCLUDED.last_order_key
            WHERE timeline_subject.last_order_key < EXCLUDED.last_order_key""",
            [(s.network_id, s.kind, s.key, s.label, s.reference, bytes(s.last_order_key)) for s in latest.values()],
        )


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


def _order_ties(network_id: UUID, events: Sequence[tuple[int, NewEvent]]) -> None:
    """Order stock movements of one chain and one moment by previous and resulting stock."""
    moments = {(e.meaning.chain, e.meaning.occurred_at) for _, e in events if e.meaning.chain}
    if not moments:
        return
    near = Reading.objects.filter(
        network_id=network_id,
        chain__in={chain for chain, _ in moments},
        occurred_at__in={occurred_at for _, occurred_at in moments},
    ).only("network_id", "position", "chain", "occurred_at", "order_key", "previous_stock", "resulting_stock")
    groups: dict[tuple[str | None, datetime], list[Reading]] = {}
    for reading in near:
        groups.setdefault((reading.chain, reading.occurred_at), []).append(reading)
    moved = [pair for group in groups.values() if len(group) > 1 for pair in _new_keys(group)]
    if moved:
        move_events(network_id, moved)


def _new_keys(group: list[Reading]) -> Iterator[tuple[int, bytes]]:
    """Yield position and new order key of those movements whose place in the chain has changed."""

    def rank_and_identity(reading: Reading) -> tuple[int, bytes]:
        key = bytes(reading.order_key)
        return key[10], key[11:]

    by_identity = {rank_and_identity(reading)[1]: reading for reading in group}
    indexes = chain_indexes(
        Tie(identity, rank_and_identity(reading)[0], reading.previous_stock, reading.resulting_stock)
        for identity, reading in by_identity.items()
    )
    for identity, index in indexes.items():
        reading = by_identity[identity]
        key = order_key(reading.occurred_at, chain_index=index, rank=rank_and_identity(reading)[0], identity=identity)
        if key != bytes(reading.order_key):
            yield reading.position, key
