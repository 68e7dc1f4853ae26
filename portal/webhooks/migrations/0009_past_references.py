"""Whose events of the past are still to be read for the references that they give: those of every network that has any.

The migration itself reads none: it would take as long as there are events, and only a reader can tell.
"""

import django.db.models.deletion
from django.db import migrations, models

from portal.lib.policies import APP, definer_function, isolate

ALL = "SELECT, INSERT, UPDATE, DELETE"
LIST = """
INSERT INTO webhooks_referencestoread (network_id, before)
SELECT network_id, max(position) + 1 FROM timeline_event GROUP BY network_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0008_coverage_zone"),
        ("timeline", "0006_references"),
        ("stock", "0004_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReferencesToRead",
            fields=[
                (
                    "network",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="networks.network",
                    ),
                ),
                ("before", models.BigIntegerField()),
            ],
        ),
        isolate("webhooks_referencestoread", app=ALL),
        definer_function(
            "portal_networks_with_references_to_read()",
            returns="SETOF uuid",
            body="SELECT network_id FROM webhooks_referencestoread",
            execute=APP,
        ),
        migrations.RunSQL(LIST, migrations.RunSQL.noop),
    ]
