"""Stock and tasks: what the drain pays for them, and how long it takes to make them anew from the log."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connections

from integrations.sandbox.load import make_events
from portal.lib.scope import network_scope
from portal.networks.models import Network
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
from portal.webhooks.rebuild import rebuild_projections
from tests.world import ConnectedNetwork

PARTS, LOCATIONS, TASKS = 50_000, 3, 200_000
DRAINED = 10_000
# An event every minute. Of ten events six move stock of one of 50,000 parts at one of its three locations, each joining
# the one before, except for one gap in every 200th of these places; every 50th runs out with its fourth movement. Four
# are about tasks: first each of 200,000 is scheduled, then most are completed, and some of twenty stay scheduled, are
# started or cancelled.
FILL = """
INSERT INTO timeline_reading (network_id, position, reader_version, order_key, type, known, occurred_at, occurred_from,
    verified, sentence, facts, flags, differences, deliveries, first_received_at, last_received_at, unreadable, chain,
    previous_stock, resulting_stock, terms)
SELECT %(network)s, n, 2, int8send((extract(epoch FROM at) * 1000000)::bigint # (-9223372036854775807 - 1))
        || '\\x000032'::bytea || substr(sha256(n::text::bytea), 1, 16),
    CASE WHEN moves THEN 'SparePartWasConsumed' ELSE 'TaskWas' || CASE state WHEN 'cancelled' THEN 'Canceled'
        ELSE initcap(state) END END,
    true, at, 'emittedAt', true, '{"template": "x", "arguments": {}}',
    CASE WHEN moves THEN jsonb_build_array(jsonb_build_object('fact', 'quantity_moved', 'part', part, 'location', place,
        'kind', 'consumed', 'quantity', '1', 'delta', '-1', 'previous', (level + 1)::text, 'resulting', level::text,
        'task', null, 'person', 'id:p' || n %% 40))
    ELSE jsonb_build_array(jsonb_build_object('fact', 'task_changed', 'task', task, 'state', state,
        'about_kind', 'equipment',
        'about', 'id:e' || m %% 500, 'person', 'id:p' || m %% 40, 'tags', jsonb_build_array('$tag' || m %% 40,
            '$' || CASE WHEN m %% 1000 = 0 THEN 'rare' ELSE 'common' END),
        'parts', jsonb_build_array(jsonb_build_array('id:' || m %% %(parts)s, '2')))) END,
    '{verified}'::varchar[], '[]', 1, at, at, '', CASE WHEN moves THEN part || '|' || place END,
    CASE WHEN moves THEN level + 1 END, CASE WHEN moves THEN level END, array_to_tsvector(ARRAY['word'])
FROM generate_series(%(first)s, %(last)s) n,
LATERAL (SELECT now() - interval '1 minute' * (%(newest)s - n) AS at, n %% 10 < 6 AS moves,
    n / 10 * 6 + n %% 10 AS s, n / 10 * 4 + n %% 10 - 6 AS m) numbers,
LATERAL (SELECT 'id:' || s %% %(parts)s AS part, 'id:l' || s %% %(parts)s %% 50 || '-' || s / %(parts)s %% 3 AS place,
    CASE WHEN s %% 50 = 8 THEN 3 ELSE 999 END - s / (%(parts)s * 3)
        - CASE WHEN s %% 200 = 7 AND s >= %(parts)s * 3 THEN 5 ELSE 0 END AS level,
    'id:t' || m %% %(tasks)s AS task,
    CASE WHEN m < %(tasks)s OR m %% 20 = 3 THEN 'scheduled' WHEN m %% 20 = 5 THEN 'started'
        WHEN m %% 20 = 7 THEN 'cancelled' ELSE 'completed' END AS state) names;
INSERT INTO timeline_eventsubject (network_id, position, kind, key, order_key, reference)
SELECT r.network_id, r.position, s.kind, s.key, r.order_key,
    CASE WHEN s.kind = 'part' THEN 'REF-' || substr(s.key, 4) ELSE '' END FROM timeline_reading r,
LATERAL (
    SELECT 'part', r.facts -> 0 ->> 'part' WHERE r.chain IS NOT NULL
    UNION ALL SELECT 'location', r.facts -> 0 ->> 'location' WHERE r.chain IS NOT NULL
    UNION ALL SELECT 'person', r.facts -> 0 ->> 'person'
    UNION ALL SELECT 'task', r.facts -> 0 ->> 'task' WHERE r.chain IS NULL
    UNION ALL SELECT 'equipment', r.facts -> 0 ->> 'about' WHERE r.chain IS NULL
) s (kind, key)
WHERE r.network_id = %(network)s AND r.position BETWEEN %(first)s AND %(last)s;
INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
SELECT DISTINCT ON (s.kind, s.key) s.network_id, s.kind, s.key, initcap(s.kind) || ' ' || substr(s.key, 4),
    CASE WHEN s.kind IN ('part', 'task', 'equipment') THEN 'REF-' || substr(s.key, 4) ELSE '' END, s.order_key
FROM timeline_eventsubject s WHERE s.network_id = %(network)s AND s.position BETWEEN %(first)s AND %(last)s
ON CONFLICT DO NOTHING;
INSERT INTO timeline_event (network_id, position, identity, raw, first_received_at, recorded_at)
SELECT %(network)s, n, sha256(n::text::bytea), '{}', now(), now() FROM generate_series(%(first)s, %(last)s) n
"""


def fill(network: Network, first: int, last: int, *, newest: int) -> None:
    """Write events `first` to `last` of a large plant straight into the log, as the owner; `newest` happens now."""
    values = {"network": network.id, "first": first, "last": last, "parts": PARTS, "tasks": TASKS, "newest": newest}
    with connections["owner"].cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, values)
        for table in ("timeline_reading", "timeline_eventsubject", "timeline_subject", "timeline_event"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def drained_per_second(place: ConnectedNetwork) -> float:
    """Return how many events a second the drain makes of deliveries that wait, with all that follows from them."""
    now = datetime.now(UTC)
    told = [
        PastRequest(now + timedelta(milliseconds=number), raw, {"X-MW-Signature": place.header(raw)})
        for number, (_, raw) in enumerate(make_events(DRAINED, network_id=str(place.network.vendor_network_id)))
    ]
    with network_scope(place.network.id):
        store_past(place.network.id, told)
    started = time.perf_counter()
    while process_waiting(place.network.id, limit=settings.DRAIN_BATCH_SIZE):
        pass
    return DRAINED / (time.perf_counter() - started)


def rebuild_seconds(network: Network) -> float:
    """Return how long a rebuild takes; the first one fills the live tables, so that a second only compares."""
    started = time.perf_counter()
    rebuild_projections(network.id)
    return time.perf_counter() - started


def measure(busy: ConnectedNetwork, large: Network, sizes: list[int]) -> dict[str, float]:
    """Return the figures: the drain's rate, and the seconds of a rebuild at growing sizes of the log."""
    figures = {"drained with projections, per second": drained_per_second(busy)}
    filled = 0
    for size in sizes:
        fill(large, filled + 1, size, newest=sizes[-1])
        filled = size
        figures[f"rebuild of {size:,} events, s"] = rebuild_seconds(large)
    if len(sizes) > 1:
        small, big = (figures[f"rebuild of {size:,} events, s"] for size in (sizes[0], sizes[-1]))
        figures[f"rebuild, {sizes[-1]:,} / {sizes[0]:,}"] = big / small
    return figures
