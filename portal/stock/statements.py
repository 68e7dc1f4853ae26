"""The SQL of the stock projection. `{p}` stands before each table: nothing, or the prefix of a shadow."""

from __future__ import annotations

TABLES = ("stock_entry", "stock_part", "stock_level", "stock_gap", "stock_networkscope", "stock_partreference")

# The last checkpoint before a place, of each part that has one.
CHECKPOINTS = """
SELECT t.part, c.order_key, c.checkpoint FROM unnest(%s::text[], %s::bytea[]) AS t (part, order_key)
CROSS JOIN LATERAL (
    SELECT order_key, checkpoint FROM {p}stock_entry e
    WHERE e.network_id = %s AND e.part = t.part AND e.order_key < t.order_key AND e.checkpoint IS NOT NULL
    ORDER BY e.order_key DESC LIMIT 1
) c
"""
DELETE_ENTRIES = """
WITH gone AS (
    DELETE FROM {p}stock_entry e USING unnest(%s::text[], %s::bytea[]) AS t (part, order_key)
    WHERE e.network_id = %s AND e.part = t.part AND e.order_key > t.order_key RETURNING e.vote
) SELECT count(*) FILTER (WHERE vote = 'location'), count(*) FILTER (WHERE vote = 'part') FROM gone
"""
DELETE_GAPS = """
DELETE FROM {p}stock_gap g USING unnest(%s::text[], %s::bytea[]) AS t (part, order_key)
WHERE g.network_id = %s AND g.part = t.part AND g.order_key > t.order_key
"""
DELETE_LEVELS = "DELETE FROM {p}stock_level WHERE network_id = %s AND part = ANY (%s)"
DELETE_PARTS = "DELETE FROM {p}stock_part WHERE network_id = %s AND part = ANY (%s)"

INSERT_ENTRIES = """
INSERT INTO {p}stock_entry (network_id, part, order_key, position, kind, occurred_at, location, quantity, delta,
    previous, resulting, minimum, task, person, job_id, "row", place_before, place_gap, place_since, place_explained,
    part_before, part_gap, part_since, part_explained, vote, place_after, places_after, part_after, checkpoint)
SELECT %b, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7, t.c8, t.c9, t.c10, t.c11, t.c12, t.c13, t.c14, t.c15, t.c16,
    t.c17, t.c18, t.c19, t.c20, t.c21, t.c22, t.c23, t.c24, t.c25, t.c26, t.c27, t.c28::jsonb
FROM unnest(%b::text[], %b::bytea[], %b::bigint[], %b::text[], %b::timestamptz[], %b::text[], %b::numeric[],
    %b::numeric[], %b::numeric[], %b::numeric[], %b::numeric[], %b::text[], %b::text[], %b::uuid[], %b::int[],
    %b::numeric[], %b::numeric[], %b::timestamptz[], %b::text[], %b::numeric[], %b::numeric[], %b::timestamptz[],
    %b::text[], %b::text[], %b::numeric[], %b::numeric[], %b::numeric[], %b::text[])
AS t (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24,
    c25, c26, c27, c28)
"""
UPSERT_PARTS = """
INSERT INTO {p}stock_part (network_id, part, level, as_of, confidence, doubtful_since, minimum, out_since, below_since,
    moved_at, consumed_at, position, places, head_key, state)
SELECT %b, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7, t.c8, t.c9, t.c10, t.c11, t.c12, t.c13, t.c14::jsonb
FROM unnest(%b::text[], %b::numeric[], %b::timestamptz[], %b::text[], %b::timestamptz[], %b::numeric[],
    %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::bigint[], %b::int[], %b::bytea[],
    %b::text[])
AS t (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14)
ON CONFLICT (network_id, part) DO UPDATE SET level = EXCLUDED.level, as_of = EXCLUDED.as_of,
    confidence = EXCLUDED.confidence, doubtful_since = EXCLUDED.doubtful_since, minimum = EXCLUDED.minimum,
    out_since = EXCLUDED.out_since, below_since = EXCLUDED.below_since, moved_at = EXCLUDED.moved_at,
    consumed_at = EXCLUDED.consumed_at, position = EXCLUDED.position, places = EXCLUDED.places,
    head_key = EXCLUDED.head_key, state = EXCLUDED.state
"""
UPSERT_LEVELS = """
INSERT INTO {p}stock_level (network_id, part, location, level, as_of, confidence, doubtful_since, position)
SELECT %b, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7
FROM unnest(%b::text[], %b::text[], %b::numeric[], %b::timestamptz[], %b::text[], %b::timestamptz[], %b::bigint[])
AS t (c1, c2, c3, c4, c5, c6, c7)
ON CONFLICT (network_id, part, location) DO UPDATE SET level = EXCLUDED.level, as_of = EXCLUDED.as_of,
    confidence = EXCLUDED.confidence, doubtful_since = EXCLUDED.doubtful_since, position = EXCLUDED.position
"""
UPSERT_GAPS = """
INSERT INTO {p}stock_gap (network_id, part, location, order_key, position, before, after, since, until, closed_by)
SELECT %b, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7, t.c8, t.c9
FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::bigint[], %b::numeric[], %b::numeric[], %b::timestamptz[],
    %b::timestamptz[], %b::bigint[])
AS t (c1, c2, c3, c4, c5, c6, c7, c8, c9)
ON CONFLICT (network_id, part, location, order_key) DO UPDATE SET before = EXCLUDED.before, after = EXCLUDED.after,
    closed_by = EXCLUDED.closed_by
"""
