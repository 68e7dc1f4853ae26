"""Full-text search behind the policies: search operators are not leakproof, so no index would be used otherwise."""

from django.db import migrations

from portal.lib.policies import APP, definer_function

SIGNATURE = """portal_search_events(p_networks uuid[], p_lows bytea[], p_highs bytea[], p_query text, p_types text[],
    p_flag text, p_kind text, p_key text, p_newest_first boolean, p_limit int)"""
MATCHES = """
    r.network_id = net AND r.terms @@ q AND r.order_key >= low AND r.order_key < high
    AND (p_types IS NULL OR r.type = ANY (p_types)) AND (p_flag IS NULL OR p_flag = ANY (r.flags))
    AND (p_key IS NULL OR EXISTS (SELECT 1 FROM timeline_eventsubject s WHERE s.network_id = r.network_id
        AND s.kind = p_kind AND s.key = p_key AND s.position = r.position))
"""
# The first few thousand events of the direction are looked through: a common word fills its page there. A word that does
# not is rare enough for the index. Both cost the same at any size of the log.
NEAR = 3000  # shared among the networks of a search


def _search(direction: str) -> str:
    """Return the search of one network, in one direction of time."""
    return f"""
            SELECT array_agg(m.position), array_agg(m.order_key) INTO some_places, some_keys FROM (
                SELECT r.position, r.order_key FROM (
                    SELECT * FROM timeline_reading n WHERE n.network_id = net AND n.order_key >= low
                        AND n.order_key < high ORDER BY n.order_key {direction} LIMIT near) r
                WHERE {MATCHES} ORDER BY r.order_key {direction} LIMIT p_limit) m;
            IF some_places IS NULL OR cardinality(some_places) < p_limit THEN
                -- Materialized, or else the planner hopes to meet the word soon and walks the whole timeline for it.
                WITH found AS MATERIALIZED (
                    SELECT r.position, r.order_key FROM timeline_reading r WHERE {MATCHES})
                SELECT array_agg(m.position), array_agg(m.order_key) INTO some_places, some_keys FROM (
                    SELECT * FROM found ORDER BY order_key {direction} LIMIT p_limit) m;
            END IF;"""


BODY = f"""
#variable_conflict use_column
DECLARE
    q tsquery := p_query::tsquery;
    allowed uuid[] := ARRAY(SELECT unnest(p_networks) INTERSECT SELECT unnest(portal_network_scope()));
    near int := greatest(200, {NEAR} / greatest(1, cardinality(allowed)));
    net uuid;
    low bytea;
    high bytea;
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
        IF some_places IS NOT NULL THEN
            ids := ids || array_fill(net, ARRAY[cardinality(some_places)]);
            places := places || some_places;
            keys := keys || some_keys;
        END IF;
    END LOOP;
    RETURN QUERY SELECT t.i, t.p FROM unnest(ids, places, keys) AS t (i, p, k)
        ORDER BY CASE WHEN p_newest_first THEN t.k END DESC, CASE WHEN p_newest_first THEN t.i END DESC, t.k, t.i
        LIMIT p_limit;
END
"""


class Migration(migrations.Migration):
    dependencies = [("timeline", "0002_policies")]
    operations = [
        definer_function(
            SIGNATURE,
            returns='TABLE (network_id uuid, "position" bigint)',
            body=BODY,
            execute=APP,
            language="plpgsql",
            plan_each_call=True,
        )
    ]
