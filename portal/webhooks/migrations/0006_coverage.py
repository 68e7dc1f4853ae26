"""The days of the coverage map, and the rules of silence."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("networks", "0003_recheck_lease"),
        ("webhooks", "0005_recheck_due"),
    ]

    operations = [
        migrations.CreateModel(
            name="SilenceRule",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "type", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("type", models.CharField(blank=True, max_length=200)),
                ("hours", models.PositiveIntegerField()),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CoverageDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "type", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("type", models.CharField(blank=True, max_length=200)),
                ("day", models.DateField()),
                ("deliveries", models.PositiveIntegerField()),
                ("repeats", models.PositiveIntegerField()),
                ("signed", models.PositiveIntegerField()),
                ("released", models.PositiveIntegerField()),
                ("live", models.PositiveIntegerField()),
                ("last_live_at", models.DateTimeField(null=True)),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["network", "day"], name="coverage_day")],
            },
        ),
    ]
