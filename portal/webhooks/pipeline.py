"""FLOW 1, second step: waiting deliveries become events with positions and readings, a batch at a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from integrations.mobility_work.identity import event_identity
from integrations.mobility_work.reader import read
from integrations.mobility_work.reading import Reading as Meaning
from portal.lib.scope import network_scope
from portal.networks.inbox import pin_recipe_of_delivery
from portal.networks.models import Network
from portal.timeline.models import ContractDifference, Reading
from portal.timeline.record import NewEvent, first_received, positions_of, record_events, replace_readings
from portal.webhooks.coverage import add_deliveries, follow_zone
from portal.webhooks.intake import SEARCH_WAS_BOUNDED
from portal.webhooks.lock import lock_network
from portal.webhooks.models import Processing
from portal.webhooks.past_references import read_past_references
from portal.webhooks.projections import fold_writes, project, writes_waiting
from portal.webhooks.recheck import search_longer
from portal.webhooks.secret_use import note_secrets_used
from portal.webhooks.standing import refresh_standing, sharers_of_nonces

logger = logging.getLogger(__name__)

OTHER_NETWORK = "other_network"
NO_FAULT_OF_A_DELIVERY = (OperationalError, InterfaceError, SoftTimeLimitExceeded)  # the batch is waiting again
# To read a megabyte of hostile JSON takes seconds and some two hundred megabytes of memory.
MAX_BATCH_BYTES = 4 * 1024 * 1024
# Each body is fetched by its key, also while PostgreSQL knows nothing yet of a new network (see standing.py), and those
# that the bound leaves out are not fetched at all.
WAITING = """
SELECT id, received_at, body, recipe, nonce_length, verdict_reason FROM (
    SELECT d.id, d.received_at, d.body, d.recipe, length(coalesce(d.nonce, '')) AS nonce_length, d.verdict_reason,
        sum(length(d.body)) OVER (ORDER BY d.id) - length(d.body) AS bytes_before
    FROM (
        SELECT network_id, delivery_id FROM webhooks_processing
        WHERE network_id = (SELECT %(network)s::uuid) AND state = 'waiting' ORDER BY delivery_id LIMIT %(limit)s
    ) p CROSS JOIN LATERAL (
        SELECT * FROM webhooks_delivery WHERE network_id = p.network_id AND id = p.delivery_id OFFSET 0
    ) d
) waiting WHERE bytes_before < %(bytes)s ORDER BY id
"""
FINISH = """
UPDATE webhooks_processing p SET state = t.state, position = t.position, repeat = t.repeat, error = t.error,
    attempts = p.attempts + 1, updated_at = now()
FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::boolean[], %s::text[])
    AS t (delivery_id, state, position, repeat, error)
WHERE p.network_id = %s AND p.delivery_id = t.delivery_id
"""


@dataclass(frozen=True, slots=True)
class WaitingDelivery:
    """A delivery as the drain reads it."""

    id: UUID
    received_at: datetime
    body: bytes
    recipe: str
    nonce_length: int
    verdict_reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery."""

    delivery_id: UUID
    state: str
    position: int | None = None
    repeat: bool = False
    error: str = ""


def process_waiting(network_id: UUID, *, limit: int) -> int | None:
    """Process up to `limit` waiting deliveries of a network in one transaction; return how many they were.

    None means that another worker is at this network. Fewer than `limit` does not mean that none are left: large
    bodies make a smaller batch. A delivery that fails is kept with its error and never blocks
    the ones after it. Losing the process at any statement loses nothing: the batch is waiting again.
    """
    with network_scope(network_id):
        if not lock_network(network_id):
            return None
        _read_past_references(network_id)
        _fold_writes(network_id)
        batch = _waiting(network_id, limit)
        if batch:
            network = Network.objects.get(id=network_id)
            try:
                with transaction.atomic():
                    _process(network, batch)
            except NO_FAULT_OF_A_DELIVERY:
                raise
            except Exception:
                logger.exception("A batch of %d deliveries failed; processing one by one", len(batch))
                _process_singly(network, batch)
        return len(batch)


def _read_past_references(network_id: UUID) -> None:
    """Go on with what a release has to learn from past events; where that fails it waits, and holds up nothing else."""
    try:
        with transaction.atomic():
            read_past_references(network_id)
    except NO_FAULT_OF_A_DELIVERY:
        raise
    except Exception:
        logger.exception("The references of past events cannot be read on network %s", network_id)


def _fold_writes(network_id: UUID) -> None:
    """Fold accepted writes; those of a part that cannot be folded wait, logged, and hold up nothing else."""
    waiting = writes_waiting(network_id)
    if waiting and _fold_some(network_id, waiting):
        for part, keys in waiting.items():
            if error := _fold_some(network_id, {part: keys}):
                logger.error(
                    "Accepted stock values of part %s cannot be folded on network %s", part, network_id, exc_info=error
                )


def _fold_some(network_id: UUID, waiting: Mapping[str, Sequence[bytes]]) -> Exception | None:
    """Fold what was written for these parts, all or none of it; return what went wrong."""
    try:
        with transaction.atomic():
            fold_writes(network_id, waiting)
    except NO_FAULT_OF_A_DELIVERY:
        raise
    except Exception as error:
        return error
    return None


def _waiting(network_id: UUID, limit: int) -> list[WaitingDelivery]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING, {"network": network_id, "limit": limit, "bytes": MAX_BATCH_BYTES})
        return [
            WaitingDelivery(key, received_at, bytes(body), recipe, nonce_length, reason)
            for key, received_at, body, recipe, nonce_length, reason in cursor.fetchall()
        ]


def _process_singly(network: Network, batch: Sequence[WaitingDelivery]) -> None:
    for delivery in batch:
        try:
            with transaction.atomic():
                _process(network, [delivery])
        except NO_FAULT_OF_A_DELIVERY:
            raise
        except Exception as error:
            logger.exception("Delivery %s cannot be processed", delivery.id)
            reason = f"{type(error).__name__}: {error}"[:500].replace("\0", "")
            _finish(network.id, [Outcome(delivery.id, Processing.State.FAILED, error=reason)])


def _process(network: Network, batch: Sequence[WaitingDelivery]) -> None:
    """Parse, record, read and file one batch. Any exception undoes all of it."""
    for delivery in batch:
        if delivery.recipe and pin_recipe_of_delivery(
            network.id, recipe=delivery.recipe, nonce_length=delivery.nonce_length
        ):
            break
    follow_zone(network.id, network.time_zone)
    note_secrets_used(network.id, [delivery.id for delivery in batch if delivery.recipe])
    bounded = [delivery.id for delivery in batch if delivery.verdict_reason == SEARCH_WAS_BOUNDED]
    if bounded:
        search_longer(network.id, bounded)
    held, read_ones = _read(network, batch)
    positions = positions_of(network.id, {identity for _, identity, _ in read_ones})
    new = _new_events(read_ones, known=set(positions))
    read_anew = _read_as_first_received(network.id, read_ones, positions)
    recorded, moved = record_events(network.id, new)
    positions |= recorded
    first_of = {event.identity: index for index, event in enumerate(new)}
    outcomes = list(held)
    for delivery, identity, _ in read_ones:
        repeat = first_of.pop(identity, None) is None
        outcomes.append(Outcome(delivery.id, Processing.State.DONE, positions[identity], repeat))
    _finish(network.id, outcomes)
    touched = read_anew | {outcome.position for outcome in outcomes if outcome.position is not None}
    touched |= _sharers_of_keys(network.id, new, positions)
    touched |= sharers_of_nonces(network.id, [delivery.id for delivery in batch])
    refresh_standing(network.id, touched)
    add_deliveries(network.id, [delivery.id for delivery in batch])
    project(network.id, touched | moved, read_anew=read_anew)


def _read(
    network: Network, batch: Sequence[WaitingDelivery]
) -> tuple[list[Outcome], list[tuple[WaitingDelivery, bytes, Meaning]]]:
    """Read the bodies, each with its identity; hold back those that name another network."""
    held: list[Outcome] = []
    good: list[tuple[WaitingDelivery, bytes, Meaning]] = []
    for delivery in batch:
        meaning = read(delivery.body, delivery.received_at)
        named = meaning.vendor_network_id
        if named and named.lower() != str(network.vendor_network_id):
            held.append(Outcome(delivery.id, Processing.State.HELD, error=OTHER_NETWORK))
        else:
            good.append((delivery, event_identity(delivery.body), meaning))
    return held, good


def _new_events(deliveries: Sequence[tuple[WaitingDelivery, bytes, Meaning]], *, known: set[bytes]) -> list[NewEvent]:
    """Return one event per identity that is not known yet, as it was first received."""
    events: dict[bytes, NewEvent] = {}
    for delivery, identity, meaning in deliveries:
        if identity in known or (identity in events and events[identity].first_received_at <= delivery.received_at):
            continue
        events[identity] = NewEvent(identity, delivery.body, delivery.received_at, meaning)
    return list(events.values())


def _read_as_first_received(
    network_id: UUID, deliveries: Sequence[tuple[WaitingDelivery, bytes, Meaning]], known: dict[bytes, int]
) -> set[int]:
    """Read recorded events anew of which an earlier delivery comes only now, as one does out of the quarantine; return
    the positions of events that changed thereby. An older reader may have made something else of them.

    Where a body names no time that can be trusted, the event occurred when it was first received.
    """
    repeats = [repeat for repeat in deliveries if repeat[1] in known]
    if not repeats:
        return set()
    since = first_received(network_id, known.values())
    earlier = [repeat for repeat in repeats if repeat[0].received_at < since[known[repeat[1]]]]
    if not earlier:
        return set()
    return replace_readings(network_id, [(known[e.identity], e) for e in _new_events(earlier, known=set())])


def _sharers_of_keys(network_id: UUID, new: Sequence[NewEvent], positions: dict[bytes, int]) -> set[int]:
    """Return earlier events whose idempotency key a new one uses again, and keep the first example.

    Those that wear the badge already need no second look: that bounds the work where the vendor sends one key always.
    """
    keys = {event.meaning.idempotency_key: event for event in new if event.meaning.idempotency_key}
    if not keys:
        return set()
    mine = set(positions.values())
    others = (
        Reading.objects.filter(network_id=network_id, idempotency_key__in=list(keys))
        .exclude(flags__contains=["key_reused"])
        .values_list("position", "idempotency_key")[:1000]
    )
    sharers: set[int] = set()
    examples: list[ContractDifference] = []
    for position, key in others:
        event = keys[str(key)]
        if position == positions[event.identity]:
            continue
        sharers.add(position)
        if position not in mine or len(examples) == 0:
            examples.append(
                ContractDifference(
                    network_id=network_id, type=event.meaning.type, code="key_reused", path="_idempotencyKey",
                    first_position=positions[event.identity], first_seen_at=event.first_received_at,
                )
            )  # fmt: skip
    ContractDifference.objects.bulk_create(examples, ignore_conflicts=True)
    return sharers


def _finish(network_id: UUID, outcomes: Sequence[Outcome]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            FINISH,
            [
                [outcome.delivery_id for outcome in outcomes],
                [str(outcome.state) for outcome in outcomes],
                [outcome.position for outcome in outcomes],
                [outcome.repeat for outcome in outcomes],
                [outcome.error for outcome in outcomes],
                network_id,
            ],
        )


def run_again(network_id: UUID, delivery_id: UUID) -> bool:
    """Put a failed delivery back in line; return False when it is not a failed one."""
    changed = Processing.objects.filter(
        network_id=network_id, delivery_id=delivery_id, state=Processing.State.FAILED
    ).update(state=Processing.State.WAITING, error="", updated_at=timezone.now())
    return changed == 1
