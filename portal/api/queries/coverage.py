"""Reads for the API when each type of event was first and last received, by network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.mobility_work.events import TABLE
from portal.api.queries.rows import rows_of
from portal.networks.models import Network

# Compared as pairs: no other index has that order. By `type = …` the planner would hope to meet the type soon, and walk
# the whole log for one that was never sent.
SEEN = """
SELECT n.id AS network_id, t.name AS type, a.first_received_at, b.last_received_at
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY n(id, number)
CROSS JOIN unnest(%(types)s::text[]) WITH ORDINALITY t(name, number)
LEFT JOIN LATERAL (SELECT type, first_received_at FROM timeline_reading r WHERE r.network_id = n.id
    AND (r.type, r.order_key) >= (t.name, '\\x'::bytea)
    ORDER BY r.type, r.order_key LIMIT 1) a ON a.type = t.name
LEFT JOIN LATERAL (SELECT type, last_received_at FROM timeline_reading r WHERE r.network_id = n.id
    AND (r.type, r.order_key) <= (t.name, '\\xffffffffffffffffff'::bytea)
    ORDER BY r.type DESC, r.order_key DESC LIMIT 1) b ON b.type = t.name
ORDER BY n.number, t.number
"""


def seen_types(networks: Sequence[Network]) -> list[Any]:
    """Return every type of event on every network with the receive times of its first and its latest event."""
    return rows_of(SEEN, {"ids": [network.id for network in networks], "types": [entry.name for entry in TABLE]})
