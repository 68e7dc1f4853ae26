"""Search looks through windows of time, so that its cost depends on the page and not on the log.

Words alone lead to every event that holds them, of all networks and all years, and each had to be visited to learn
where in the order it stands. Beside an event's words the index therefore holds where the event stands: its network,
and its network with the first hex digits of its order key, which are buckets of time (8 digits: 72 minutes, 7: 19
hours, 6: 13 days, 5: 204 days). Words and buckets meet within the index: only events of the window are visited.
"""

from importlib import import_module

from django.db import migrations

from portal.lib.policies import APP, definer_function

before = import_module("portal.timeline.migrations.0003_search")

INDEX = """
CREATE FUNCTION portal_search_places(network uuid, key bytea) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $places$
    SELECT array_to_tsvector(ARRAY['~' || network, '~' || network || substr(encode(key, 'hex'), 1, 5),
        '~' || network || substr(encode(key, 'hex'), 1, 6), '~' || network || substr(encode(key, 'hex'), 1, 7),
        '~' || network || substr(encode(key, 'hex'), 1, 8)]) $places$;
CREATE INDEX reading_search ON timeline_reading USING gin ((terms || portal_search_places(network_id, order_key)));
DROP INDEX reading_terms;
"""
NO_INDEX = """
CREATE INDEX reading_terms ON timeline_reading USING gin (terms);
DROP INDEX reading_search;
DROP FUNCTION portal_search_places(uuid, bytea);
"""
COARSEST, FINEST = 5, 8  # digits of the buckets
NEAR = 3000  # events that are looked through first, shared among the networks of a search
FARTHEST = 64  # times as far as all windows before it: so far a window reaches at most

RANGE = "n.network_id = net AND n.order_key >= low AND n.order_key < high"
# Typed text could look like a place, so the words are compared with the event's own once more.
FITS = """
    r.network_id = net AND r.terms @@ q AND (p_types IS NULL OR r.type = ANY (p_types))
    AND (p_flag IS NULL OR p_flag = ANY (r.flags))
    AND (p_key IS NULL OR EXISTS (SELECT 1 FROM timeline_eventsubject s WHERE s.network_id = r.network_id
        AND s.kind = p_kind AND s.key = p_key AND s.position = r.position))
"""
# An order key begins with the microseconds since 1970, the sign turned so that bytes sort as numbers do.
SIGN = "(-9223372036854775807 - 1)"


def _moment(key: str) -> str:
    return f"(('x' || encode(substr({key}, 1, 8), 'hex'))::bit(64)::bigint # {SIGN})"


def _hex(moment: str) -> str:
    return f"to_hex(({moment}) # {SIGN})"


def _search(direction: str) -> str:
    """Return the search of one network, in one direction of time.

    The first few thousand events are looked through, and some more where they filled a quarter of the page: common
    words fill their page there. Rarer ones are looked up, in windows. How often the words were met so far says how far
    the next window must reach to fill the page, with half as much again. What lies beyond the coarsest buckets is one
    last window.
    """
    newest_first = direction == "DESC"
    # The buckets from `edge` to where the window ends, and the keys of the window; it ends where the bounds do.
    first, last = ("here - reach", "here") if newest_first else ("here", "here + reach")
    end = f"decode({_hex('first_bucket << bits' if newest_first else '(last_bucket + 1) << bits')}, 'hex')"
    from_key = f"greatest(low, {end})" if newest_first else "edge || decode('00', 'hex')"
    to_key = "edge" if newest_first else f"least(high, {end})"
    is_last = "from_key = low" if newest_first else "to_key = high"
    return f"""
            steps := near;
            LOOP
                SELECT coalesce(array_agg(m.position), '{{}}'), coalesce(array_agg(m.order_key), '{{}}')
                INTO some_places, some_keys FROM (
                    SELECT r.position, r.order_key FROM (
                        SELECT * FROM timeline_reading n WHERE {RANGE} ORDER BY n.order_key {direction} LIMIT steps) r
                    WHERE {FITS} ORDER BY r.order_key {direction} LIMIT p_limit) m;
                EXIT WHEN steps > near OR cardinality(some_places) NOT BETWEEN greatest(p_limit / 4, 1) AND p_limit - 1;
                steps := near * 1.5 * p_limit / greatest(cardinality(some_places), 1);
            END LOOP;
            edge := NULL; -- the last key that was looked through; NULL where nothing is left to look for
            IF cardinality(some_places) < p_limit THEN
                SELECT n.order_key INTO edge FROM timeline_reading n WHERE {RANGE}
                    ORDER BY n.order_key {direction} OFFSET steps - 1 LIMIT 1;
            END IF;
            IF edge IS NOT NULL THEN
                SELECT {_moment("n.order_key")} INTO start FROM timeline_reading n WHERE {RANGE}
                    ORDER BY n.order_key {direction} LIMIT 1;
            END IF;
            WHILE edge IS NOT NULL LOOP
                here := {_moment("edge")};
                reach := greatest(abs(here - start), 1)
                    * least({FARTHEST}, 1.5 * p_limit / greatest(cardinality(some_places), 1));
                digits := least(17 - length(to_hex(reach)), {FINEST});
                IF digits >= {COARSEST} THEN
                    bits := 4 * (16 - digits);
                    first_bucket := ({first}) >> bits;
                    last_bucket := ({last}) >> bits;
                    from_key := {from_key};
                    to_key := {to_key};
                    SELECT string_agg(quote_literal('~' || net || substr({_hex("bucket << bits")}, 1, digits)), '|')
                        INTO marks FROM generate_series(first_bucket, last_bucket) bucket;
                    is_last := {is_last};
                ELSE
                    from_key := {"low" if newest_first else from_key};
                    to_key := {to_key if newest_first else "high"};
                    marks := quote_literal('~' || net);
                    is_last := true;
                END IF;
                -- Materialized, or else the planner hopes to meet the word soon and walks the timeline for it.
                WITH found AS MATERIALIZED (
                    SELECT r.position, r.order_key FROM timeline_reading r
                    WHERE (r.terms || portal_search_places(r.network_id, r.order_key)) @@ (q && marks::tsquery)
                        AND r.order_key >= from_key AND r.order_key < to_key AND {FITS})
                SELECT some_places || coalesce(array_agg(m.position), '{{}}'),
                    some_keys || coalesce(array_agg(m.order_key), '{{}}') INTO some_places, some_keys
                FROM (SELECT * FROM found ORDER BY order_key {direction} LIMIT p_limit - cardinality(some_places)) m;
                edge := CASE WHEN is_last OR cardinality(some_places) >= p_limit THEN NULL
                    ELSE {"from_key" if newest_first else "to_key"} END;
            END LOOP;"""


BODY = f"""
#variable_conflict use_column
DECLARE
    q tsquery := p_query::tsquery;
    allowed uuid[] := ARRAY(SELECT unnest(p_networks) INTERSECT SELECT unnest(portal_network_scope()));
    near int := greatest(200, {NEAR} / greatest(1, cardinality(allowed)));
    net uuid;
    low bytea;
    high bytea;
    steps int;
    edge bytea;
    from_key bytea;
    to_key bytea;
    start bigint;
    here bigint;
    reach bigint;
    first_bucket bigint;
    last_bucket bigint;
    digits int;
    bits int;
    marks text;
    is_last boolean;
    some_places bigint[];
    some_keys bytea[];
    ids uuid[] := '{{}}';
    places bigint[] := '{{}}';
    keys bytea[] := '{{}}';
BEGIN
    FOR number IN 1 .. coalesce(cardinality(p_networks), 0) LOOP
        net := p_networks[number];
        low := p_lows[number];
        high := p_highs[number];
        CONTINUE WHEN net <> ALL (allowed);
        IF p_newest_first THEN{_search("DESC")}
        ELSE{_search("ASC")}
        END IF;
        ids := ids || array_fill(net, ARRAY[cardinality(some_places)]);
        places := places || some_places;
        keys := keys || some_keys;
    END LOOP;
    RETURN QUERY SELECT t.i, t.p FROM unnest(ids, places, keys) AS t (i, p, k)
        ORDER BY CASE WHEN p_newest_first THEN t.k END DESC, CASE WHEN p_newest_first THEN t.i END DESC, t.k, t.i
        LIMIT p_limit;
END
"""
RETURNS = 'TABLE (network_id uuid, "position" bigint)'


def _function(body: str) -> migrations.RunSQL:
    return definer_function(
        before.SIGNATURE, returns=RETURNS, body=body, execute=APP, language="plpgsql", plan_each_call=True
    )


class Migration(migrations.Migration):
    dependencies = [("timeline", "0003_search")]
    operations = [
        migrations.RunSQL(INDEX, NO_INDEX),
        migrations.RunSQL(f"DROP FUNCTION {before.SIGNATURE}", _function(before.BODY).sql),
        _function(BODY),
    ]
