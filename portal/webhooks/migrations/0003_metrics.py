"""Figures for monitoring, over all tenants and naming none. Each look-up uses an index, whatever the log's size."""

from django.db import migrations

from portal.lib.policies import APP, definer_function

BODY = """
    SELECT
        (SELECT count(*) FROM networks_network),
        (SELECT coalesce(sum(last.position), 0)::bigint FROM networks_network n CROSS JOIN LATERAL (
            SELECT e.position FROM timeline_event e WHERE e.network_id = n.id ORDER BY e.position DESC LIMIT 1) last),
        (SELECT count(*) FROM (SELECT FROM webhooks_processing WHERE state = 'waiting' LIMIT 100000) waiting),
        (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - d.received_at)), 0)::float8
            FROM networks_network n CROSS JOIN LATERAL (
                SELECT p.delivery_id FROM webhooks_processing p WHERE p.network_id = n.id AND p.state = 'waiting'
                ORDER BY p.delivery_id LIMIT 1) oldest
            JOIN webhooks_delivery d ON d.network_id = n.id AND d.id = oldest.delivery_id),
        (SELECT count(*) FROM (
            SELECT FROM webhooks_processing WHERE state IN ('failed', 'held') LIMIT 100000) troubled),
        (SELECT coalesce(min(extract(epoch FROM clock_timestamp() - newest.received_at)), -1)::float8
            FROM networks_network n CROSS JOIN LATERAL (
                SELECT d.received_at FROM webhooks_delivery d WHERE d.network_id = n.id
                ORDER BY d.received_at DESC LIMIT 1) newest),
        (SELECT coalesce(sum(entries), 0)::bigint FROM webhooks_quarantineusage),
        (SELECT coalesce(sum(size), 0)::bigint FROM webhooks_quarantineusage),
        (SELECT coalesce(sum(refused), 0)::bigint FROM webhooks_quarantineusage)
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0002_policies"), ("timeline", "0002_policies")]
    operations = [
        definer_function(
            "portal_metrics()",
            returns="""TABLE (networks bigint, events bigint, waiting bigint, oldest_waiting float8, troubled bigint,
                last_delivery float8, quarantined bigint, quarantine_bytes bigint, quarantine_refused bigint)""",
            body=BODY,
            execute=APP,
        )
    ]
