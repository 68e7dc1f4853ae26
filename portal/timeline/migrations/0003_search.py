"""Full-text search behind the policies: search operators are not leakproof, so no index would be used otherwise."""

from django.db import migrations

from portal.lib.policies import APP, definer_function

SIGNATURE = """portal_search_events(p_networks uuid[], p_query text, p_types text[], p_flag text, p_kind text, p_key text,
    p_low bytea, p_high bytea, p_newest_first boolean, p_limit int)"""
MATCHES = """
    r.network_id = ANY (allowed) AND r.terms @@ q AND r.order_key >= p_low AND r.order_key < p_high
    AND (p_types IS NULL OR r.type = ANY (p_types)) AND (p_flag IS NULL OR p_flag = ANY (r.flags))
    AND (p_key IS NULL OR EXISTS (SELECT 1 FROM timeline_eventsubject s WHERE s.network_id = r.network_id
        AND s.kind = p_kind AND s.key = p_key AND s.position = r.position))
"""
# A rare word: sort its few matches. A common one: walk the timeline, which meets it soon. Both cost the same at any size.
BODY = f"""
#variable_conflict use_column
DECLARE
    q tsquery := p_query::tsquery;
    allowed uuid[] := ARRAY(SELECT unnest(p_networks) INTERSECT SELECT unnest(portal_network_scope()));
    found bigint;
BEGIN
    SELECT count(*) INTO found FROM (
        SELECT 1 FROM timeline_reading r WHERE r.terms @@ q AND r.network_id = ANY (allowed) LIMIT 2000) few;
    IF found < 2000 THEN
        RETURN QUERY SELECT r.network_id, r.position FROM timeline_reading r WHERE {MATCHES}
            ORDER BY CASE WHEN p_newest_first THEN r.order_key END DESC, r.order_key, r.network_id LIMIT p_limit;
    ELSIF p_newest_first THEN
        RETURN QUERY SELECT m.network_id, m.position FROM unnest(allowed) one(id) CROSS JOIN LATERAL (
            SELECT r.network_id, r.position, r.order_key FROM timeline_reading r
            WHERE r.network_id = one.id AND {MATCHES} ORDER BY r.order_key DESC LIMIT p_limit) m
            ORDER BY m.order_key DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT m.network_id, m.position FROM unnest(allowed) one(id) CROSS JOIN LATERAL (
            SELECT r.network_id, r.position, r.order_key FROM timeline_reading r
            WHERE r.network_id = one.id AND {MATCHES} ORDER BY r.order_key LIMIT p_limit) m
            ORDER BY m.order_key LIMIT p_limit;
    END IF;
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
        )
    ]
