"""(d) The timeline's pages at growing sizes of the log: they must cost the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections
from django.utils import timezone

from portal.api.queries.events import events_since
from portal.lib.scope import network_scope
from portal.networks.models import Network
from portal.timeline.filters import Filters
from portal.timeline.queries import PAGE_SIZE, timeline_page
from portal.timeline.subjects import find_subjects
from portal.webhooks.coverage_map import coverage_of

ROUNDS = 15
# Words are found by their beginnings, so these are of one length: the rare word is in one event at every size, the
# seldom word in 200. Every thousandth event holds the uncommon word and every hundredth the usual word, of which
# there are more and more, and every second one the common word. A hundred more of the first events are uncommon: pages
# of one length are compared.
FILL = """
INSERT INTO timeline_event (network_id, position, identity, raw, first_received_at, recorded_at)
SELECT %(network)s, n, sha256(n::text::bytea), '{{}}', now(), now() FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO timeline_reading (network_id, position, reader_version, order_key, type, known, occurred_at, occurred_from,
    verified, sentence, facts, flags, differences, deliveries, first_received_at, last_received_at, unreadable, terms)
SELECT %(network)s, n, 1, int8send((extract(epoch FROM at) * 1000000)::bigint # (-9223372036854775807 - 1))
        || '\\x000032'::bytea || substr(sha256(n::text::bytea), 1, 16),
    CASE WHEN n %% 200 = 0 THEN 'TaskWasCanceled' ELSE 'SparePartWasConsumed' END, true, at, 'emittedAt', true,
    '{{"template": "x", "arguments": {{}}}}', '[]',
    CASE WHEN n <= 10000 AND n %% 100 = 0 THEN '{{verified,late}}' ELSE '{{verified}}' END::varchar[],
    '[]', 1, at, at, '',
    array_to_tsvector(ARRAY['word' || lpad(n::text, 8, '0'), CASE WHEN n %% 2 = 0 THEN 'common' ELSE 'odd' END]
        || CASE WHEN n %% 1000 = 0 OR n <= 10000 AND n %% 100 = 50 THEN ARRAY['uncommon'] ELSE ARRAY[]::text[] END
        || CASE WHEN n %% 100 = 7 THEN ARRAY['usual'] ELSE ARRAY[]::text[] END
        || CASE WHEN n <= 10000 AND n %% 50 = 0 THEN ARRAY['seldom'] ELSE ARRAY[]::text[] END)
FROM generate_series(%(first)s, %(last)s) n, LATERAL (SELECT now() - interval '1 second' * (2000000 - n) AS at) t;
INSERT INTO timeline_eventsubject (network_id, position, kind, key, order_key)
SELECT network_id, position, 'task', 'task-' || position %% 100, order_key FROM timeline_reading
WHERE network_id = %(network)s AND position BETWEEN %(first)s AND %(last)s;
INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
SELECT %(network)s, 'person', 'id:' || n, 'Person ' || n, '', '' FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING;
"""


def fill(network: Network, first: int, last: int) -> None:
    """Write events `first` to `last` straight into the tables, as the owner."""
    with connections["owner"].cursor() as cursor:
        for statement in FILL.replace("{{", "{").replace("}}", "}").split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"network": network.id, "first": first, "last": last})
        cursor.execute("VACUUM ANALYZE timeline_reading")


def median_ms(act: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def pages(network: Network, size: int) -> dict[str, float]:
    """Return the median milliseconds of each kind of page."""
    zone, now = ZoneInfo("UTC"), timezone.now()

    def page(filters: Filters, **cursor: str) -> Any:
        with network_scope(network.id):
            return timeline_page([network], filters, zone=zone, now=now, **cursor)  # type: ignore[arg-type]

    def person() -> Any:
        with network_scope(network.id):
            return find_subjects([network], "person 77", now=now)

    def coverage() -> Any:
        with network_scope(network.id):
            return coverage_of([network], now=now)

    def since() -> Any:
        with network_scope(network.id):
            return events_since(network.id, size // 2, Filters(query="seldom"), zone=zone, now=now, limit=100)

    with network_scope(network.id), connections["default"].cursor() as cursor:
        deep = min(1000 * PAGE_SIZE, size - 2 * PAGE_SIZE)
        cursor.execute(
            "SELECT encode(order_key, 'hex') FROM timeline_reading WHERE network_id = %s AND position = %s",
            [network.id, size - deep],
        )
        row = cursor.fetchone()
    return {
        "first page": median_ms(lambda: page(Filters())),
        "filtered": median_ms(lambda: page(Filters(types=("TaskWasCanceled",)))),
        "filtered, a rare badge": median_ms(lambda: page(Filters(flag="late"))),
        "filtered, verified": median_ms(lambda: page(Filters(flag="verified"))),
        "filtered, unverified": median_ms(lambda: page(Filters(flag="unverified"))),
        "found a person": median_ms(person),
        "searched, rare word": median_ms(lambda: page(Filters(query="word00007777"))),
        "searched, a word of 200 events": median_ms(lambda: page(Filters(query="seldom"))),
        "searched, a word of every 1,000th event": median_ms(lambda: page(Filters(query="uncommon"))),
        "searched, a word of every 100th event": median_ms(lambda: page(Filters(query="usual"))),
        "searched, common word": median_ms(lambda: page(Filters(query="common"))),
        "API, coverage": median_ms(coverage),
        "API, since a position, a rare word": median_ms(since),
        "page 1,000": median_ms(lambda: page(Filters(), before=row[0])),
    }
