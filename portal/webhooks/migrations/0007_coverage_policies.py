"""Isolation of the coverage map, and its days counted from the deliveries that are there."""

from django.db import migrations

from portal.lib.policies import isolate

ALL = "SELECT, INSERT, UPDATE, DELETE"
LIVE = """(NOT d.from_quarantine AND abs(
    ('x' || substr(replace(d.id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0 - extract(epoch FROM d.received_at)
) < 600)"""
FILL = f"""
INSERT INTO webhooks_coverageday (network_id, type, day, deliveries, repeats, signed, released, live, last_live_at)
SELECT p.network_id, r.type, (d.received_at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE p.repeat),
    count(*) FILTER (WHERE p.verdict <> 'unverified'), count(*) FILTER (WHERE d.from_quarantine),
    count(*) FILTER (WHERE {LIVE}), max(d.received_at) FILTER (WHERE {LIVE})
FROM webhooks_processing p
JOIN webhooks_delivery d ON d.network_id = p.network_id AND d.id = p.delivery_id
JOIN timeline_reading r ON r.network_id = p.network_id AND r.position = p.position
WHERE p.state = 'done' GROUP BY 1, 2, 3
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0006_coverage"), ("timeline", "0003_search"), ("lib", "0001_scope")]
    operations = [
        isolate("webhooks_coverageday", app=ALL),
        isolate("webhooks_silencerule", app=ALL),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
