"""A search finds the same events as looking through all of them would, in both directions, whatever lies between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.utils import timezone

from portal.lib.scope import network_scope
from portal.networks.models import Network
from portal.timeline.filters import Filters
from portal.timeline.queries import timeline_page
from tests.world import World

pytestmark = pytest.mark.django_db

# More than are looked through one by one; a second apart, with pauses of days and years, and some at one moment.
EVENTS = 9000
FILL = """
INSERT INTO timeline_reading (network_id, position, reader_version, order_key, type, known, occurred_at, occurred_from,
    verified, sentence, facts, flags, differences, deliveries, first_received_at, last_received_at, unreadable, terms)
SELECT %(network)s, n, 1, int8send((extract(epoch FROM at) * 1000000)::bigint # (-9223372036854775807 - 1))
        || '\\x000032'::bytea || substr(sha256(n::text::bytea), 1, 16),
    CASE WHEN n %% 7 = 0 THEN 'TaskWasCanceled' ELSE 'SparePartWasConsumed' END, true, at, 'emittedAt', true,
    '{"template": "x", "arguments": {}}', '[]', '{verified}'::varchar[], '[]', 1, at, at, '',
    array_to_tsvector(ARRAY['odd'] || CASE WHEN n %% 2 = 0 THEN ARRAY['common'] ELSE ARRAY[]::text[] END
        || CASE WHEN n %% 97 = 0 THEN ARRAY['uncommon'] ELSE ARRAY[]::text[] END
        || CASE WHEN n %% 1811 = 5 THEN ARRAY['seldom'] ELSE ARRAY[]::text[] END
        || CASE WHEN n BETWEEN 60 AND 130 THEN ARRAY['early'] ELSE ARRAY[]::text[] END)
FROM generate_series(1, %(events)s) n, LATERAL (SELECT %(start)s::timestamptz + interval '1 second' * (n / 3)
    + CASE WHEN n > 1000 THEN interval '2 years' ELSE interval '0' END
    + CASE WHEN n > 3000 THEN interval '9 days' ELSE interval '0' END
    + CASE WHEN n > 5500 THEN interval '1 year' ELSE interval '0' END AS at) t
"""


@pytest.fixture
def network(world: World) -> Network:
    """A network with events of many years, and another one in which the same words are found."""
    for place in (world.annex.network, world.foundry.network):
        with network_scope(place.id), connection.cursor() as cursor:
            values = {"network": place.id, "events": EVENTS, "start": datetime(2019, 3, 1, tzinfo=UTC)}
            cursor.execute(FILL.replace("%%", "%%"), values)
    return world.foundry.network


def holding(network: Network, word: str, kind: str = "") -> list[int]:
    """Return the positions of the events that hold a word, newest first, by looking at each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position FROM timeline_reading WHERE network_id = %s AND %s = ANY (tsvector_to_array(terms))"
            " AND (%s = '' OR type = %s) ORDER BY order_key DESC",
            [network.id, word, kind, kind],
        )
        return [position for (position,) in cursor.fetchall()]


def walked(network: Network, filters: Filters, *, newest_first: bool, size: int) -> list[int]:
    """Return the positions that page after page shows, from one end to the other."""
    found: list[int] = []
    cursor: dict[str, Any] = {} if newest_first else {"after": "00" * 27}
    while cursor or not found:
        page = timeline_page([network], filters, zone=ZoneInfo("UTC"), now=timezone.now(), size=size, **cursor)
        positions = [reading.position for reading in page.readings]
        found = found + positions if newest_first else positions + found
        place = page.older if newest_first else page.newer
        if not positions or place is None:
            break
        cursor = {"before": place} if newest_first else {"after": place}
    return found


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("word", ["common", "uncommon", "seldom", "early", "nowhere"])
def test_pages_of_a_search_hold_every_event_once_in_order(network: Network, word: str, newest_first: bool) -> None:
    with network_scope(network.id):
        size = 1000 if word == "common" else 20
        assert walked(network, Filters(query=word), newest_first=newest_first, size=size) == holding(network, word)


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_search_combines_with_types_and_periods(network: Network, newest_first: bool) -> None:
    with network_scope(network.id):
        kind = "TaskWasCanceled"
        narrowed = Filters(query="uncommon", types=(kind,))
        assert walked(network, narrowed, newest_first=newest_first, size=5) == holding(network, "uncommon", kind)
        first_year = Filters(query="uncommon", start=datetime(2019, 1, 1).date(), end=datetime(2019, 12, 31).date())
        assert walked(network, first_year, newest_first=newest_first, size=5) == [
            position for position in holding(network, "uncommon") if position <= 1000
        ]


def test_text_that_looks_like_a_place_in_the_index_finds_nothing(network: Network) -> None:
    with network_scope(network.id):
        assert walked(network, Filters(query=f"~{network.id}"), newest_first=True, size=5) == []


def test_a_window_is_found_by_the_index(network: Network) -> None:
    """The condition of the function and of the index must read the same, or every search would walk the table."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT 1 FROM timeline_reading r WHERE"
            " (r.terms || portal_search_places(r.network_id, r.order_key)) @@ '''x'':* & ''~y'''::tsquery"
        )
        assert "reading_search" in "".join(row[0] for row in cursor.fetchall())
