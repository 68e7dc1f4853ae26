"""The time zone whose days a network's coverage is counted by. Days of before are of UTC, as a missing row says."""

import django.db.models.deletion
from django.db import migrations, models

from portal.lib.policies import isolate


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0007_coverage_policies")]

    operations = [
        migrations.CreateModel(
            name="CoverageZone",
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
                ("zone", models.CharField(max_length=64)),
            ],
        ),
        isolate("webhooks_coveragezone", app="SELECT, INSERT, UPDATE, DELETE"),
    ]
