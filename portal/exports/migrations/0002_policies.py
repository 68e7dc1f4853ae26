"""Isolation of exports: seen by who may see every network and organization in them; those due, and those expired."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

# An empty list is part of every scope: so one of the two must hold something.
SEEN = """cardinality(networks) + cardinality(organizations) > 0
    AND networks <@ (SELECT portal_network_scope())::uuid[]
    AND organizations <@ (SELECT portal_organization_scope())::uuid[]"""
DUE = """
    SELECT e.id, e.networks, e.organizations FROM exports_export e
    WHERE e.state IN ('waiting', 'writing') AND (e.lease_until IS NULL OR e.lease_until < now()) ORDER BY e.id LIMIT 100
"""
EXPIRE = """
DECLARE
    gone uuid[];
BEGIN
    SELECT array_agg(id) INTO gone FROM exports_export WHERE expires_at < now();
    DELETE FROM exports_exportpiece WHERE export_id = ANY (gone);
    DELETE FROM exports_export WHERE id = ANY (gone);
    RETURN coalesce(cardinality(gone), 0);
END
"""


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        isolate("exports_export", app="SELECT, INSERT, UPDATE", using=SEEN),
        isolate("exports_exportpiece", app="SELECT, INSERT, DELETE", using=SEEN),
        definer_function(
            "portal_exports_due()",
            returns="TABLE (id uuid, networks uuid[], organizations uuid[])",
            body=DUE,
            execute=APP,
        ),
        definer_function(
            "portal_exports_remove_expired()", returns="integer", body=EXPIRE, execute=APP, language="plpgsql"
        ),
    ]
