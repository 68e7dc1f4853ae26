"""Isolation and immutability of the audit trail."""

from django.db import migrations

from portal.lib.policies import IN_NETWORK_SCOPE, IN_ORGANIZATION_SCOPE, immutable, isolate

READABLE = (
    f"({IN_NETWORK_SCOPE.format(column='network_id')})"
    f" OR (network_id IS NULL AND {IN_ORGANIZATION_SCOPE.format(column='organization_id')})"
)


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        # Whoever acts may record the act, also outside any scope (a denied sign-in belongs to no tenant).
        isolate("trail_entry", app="SELECT, INSERT", using=READABLE, check="true"),
        immutable("trail_entry"),
    ]
