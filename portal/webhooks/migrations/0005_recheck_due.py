"""The sweep asks only for what is due: not while a worker judges a network's deliveries, nor before a second look."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION portal_networks_with_recheck_wanted() RETURNS SETOF uuid LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT network_id FROM networks_inbox WHERE recheck_wanted_at IS NOT NULL
        AND (recheck_not_before IS NULL OR recheck_not_before <= now())
$$
"""
REVERSE = """
CREATE OR REPLACE FUNCTION portal_networks_with_recheck_wanted() RETURNS SETOF uuid LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT network_id FROM networks_inbox WHERE recheck_wanted_at IS NOT NULL
$$
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0004_definer_search_path"), ("networks", "0003_recheck_lease")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
