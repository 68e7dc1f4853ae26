"""How far a part is filled up, as far as jobs have said: behind the policies no index into an item would be used."""

from django.db import migrations

from portal.lib.policies import APP, definer_function

# Creations name a part by its reference, and nothing in their rows' columns does.
INDEX = """
CREATE INDEX job_row_maximum ON jobs_row (network_id, (left(item->>'externalReference', 200)))
    WHERE about = '' AND item ? 'maximumStock'
"""
TAKEN = "('accepted', 'unconfirmed', 'confirmed', 'contradicted')"
BODY = f"""
SELECT t.network_id, t.part, last.maximum, last.job_id, last.number, last.updated_at
FROM unnest(p_networks, p_parts, p_references) AS t (network_id, part, reference)
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT r.item->'maximumStock' AS maximum, r.job_id, r.number, r.updated_at FROM jobs_row r
        JOIN jobs_job j ON j.network_id = r.network_id AND j.id = r.job_id AND j.operation = 'updateSpareParts'
        WHERE r.network_id = t.network_id AND r.about IN (t.part, 'ref:' || t.reference)
            AND r.item ? 'maximumStock' AND r.state IN {TAKEN}
        UNION ALL
        SELECT r.item->'maximumStock', r.job_id, r.number, r.updated_at FROM jobs_row r
        JOIN jobs_job j ON j.network_id = r.network_id AND j.id = r.job_id AND j.operation = 'createSpareParts'
        WHERE r.network_id = t.network_id AND r.about = '' AND r.item ? 'maximumStock' AND r.state IN {TAKEN}
            AND left(r.item->>'externalReference', 200) = t.reference AND t.reference <> ''
    ) found ORDER BY found.updated_at DESC LIMIT 1
) last
WHERE t.network_id = ANY (portal_network_scope())
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0017_attention_indexes")]
    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX job_row_maximum"),
        definer_function(
            "portal_part_maxima(p_networks uuid[], p_parts text[], p_references text[])",
            returns='TABLE (network_id uuid, part text, maximum jsonb, job_id uuid, "row" int, at timestamptz)',
            body=BODY,
            execute=APP,
        ),
    ]
