"""By which reference each part goes: jobs set stock by references, often before an event tells whose they are."""

import django.db.models.deletion
from django.db import migrations, models

from portal.lib.policies import isolate


class Migration(migrations.Migration):
    dependencies = [("stock", "0003_list_orders")]
    operations = [
        migrations.CreateModel(
            name="PartReference",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "part", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("part", models.CharField(max_length=210)),
                ("reference", models.CharField(max_length=200)),
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
                "indexes": [models.Index(fields=["network", "reference"], name="part_reference")],
            },
        ),
        isolate("stock_partreference", app="SELECT, INSERT, UPDATE, DELETE"),
    ]
