"""What an event's deliveries say of it: verified or not, how often it came, and which badges it wears."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db import connection

# One statement for new events and repeats alike, so that the end state cannot depend on the order of processing.
# The network is a sub-select, and comes to the last join out of a materialized step: of a network that is new to its
# statistics PostgreSQL expects no rows, takes any index for as good as any other, and compares each with each.
REFRESH = """
WITH heard AS MATERIALIZED (
    SELECT p.network_id, p.position, count(*) AS deliveries, bool_or(p.verdict = 'verified') AS fresh,
        bool_or(p.verdict IN ('verified', 'stale')) AS verified,
        min(d.received_at) AS first_at, max(d.received_at) AS last_at, array_agg(DISTINCT d.nonce) AS nonces
    FROM webhooks_processing p JOIN webhooks_delivery d ON d.network_id = p.network_id AND d.id = p.delivery_id
    WHERE p.network_id = (SELECT %(network)s::uuid) AND p.position = ANY (%(positions)s) AND p.state = 'done'
    GROUP BY p.network_id, p.position
), judged AS MATERIALIZED (
    SELECT h.*, h.verified AND EXISTS (
        SELECT 1 FROM unnest(h.nonces) AS used_once(value)
        CROSS JOIN LATERAL (
            SELECT count(*) AS uses, max(use.received_at) - min(use.received_at) AS spread FROM (
                SELECT d.received_at FROM webhooks_delivery d
                WHERE d.network_id = h.network_id AND d.nonce = used_once.value LIMIT 4  -- that many are too many
            ) use
        ) used
        WHERE used.uses > 3 OR used.spread > make_interval(secs => %(window)s)
    ) AS replayed
    FROM heard h
)
UPDATE timeline_reading r SET
    verified = h.verified, deliveries = h.deliveries, first_received_at = h.first_at, last_received_at = h.last_at,
    flags = array_remove(ARRAY[
        CASE WHEN r.unreadable <> '' THEN 'unreadable' END,
        CASE WHEN h.verified AND h.fresh THEN 'verified' END,
        CASE WHEN NOT h.verified THEN 'unverified' END,
        CASE WHEN h.verified AND NOT h.fresh THEN 'stale' END,
        CASE WHEN r.occurred_from <> 'received' AND h.first_at - r.occurred_at > interval '1 hour' THEN 'late' END,
        CASE WHEN h.deliveries > 1 THEN 'repeated' END,
        CASE WHEN h.replayed THEN 'replayed' END,
        CASE WHEN r.idempotency_key IS NOT NULL AND EXISTS (
            SELECT 1 FROM timeline_reading o WHERE o.network_id = r.network_id AND o.position <> r.position
                AND o.idempotency_key = r.idempotency_key) THEN 'key_reused' END,
        CASE WHEN r.differences <> '[]'::jsonb THEN 'differs' END
    ]::varchar[], NULL)
FROM judged h WHERE r.network_id = h.network_id AND r.position = h.position
"""

# Where there are more than three, each was marked when the fourth came.
NONCE_SHARERS = """
WITH used AS MATERIALIZED (
    SELECT DISTINCT network_id, nonce FROM webhooks_delivery
    WHERE network_id = (SELECT %(network)s::uuid) AND id = ANY (%(deliveries)s) AND nonce IS NOT NULL
)
SELECT DISTINCT sharer.position FROM used CROSS JOIN LATERAL (
    SELECT p.position FROM (
        SELECT d.id FROM webhooks_delivery d
        WHERE d.network_id = used.network_id AND d.nonce = used.nonce AND d.id <> ALL (%(deliveries)s) OFFSET 0
    ) other CROSS JOIN LATERAL (
        SELECT position FROM webhooks_processing
        WHERE network_id = used.network_id AND delivery_id = other.id AND position IS NOT NULL OFFSET 0
    ) p LIMIT 4
) sharer
"""


def sharers_of_nonces(network_id: UUID, delivery_ids: Iterable[UUID]) -> set[int]:
    """Return earlier events with a nonce that these deliveries use again: they may be replays only now."""
    with connection.cursor() as cursor:
        cursor.execute(NONCE_SHARERS, {"network": network_id, "deliveries": list(delivery_ids)})
        return {position for (position,) in cursor.fetchall()}


def refresh_standing(network_id: UUID, positions: Iterable[int]) -> None:
    """Work out anew, from all their deliveries, the verdict, counts and badges of these events."""
    with connection.cursor() as cursor:
        cursor.execute(
            REFRESH,
            {
                "network": network_id,
                "positions": sorted(set(positions)),
                "window": settings.REPLAY_WINDOW_SECONDS,
            },
        )
