"""The reference by which each event names a thing: the last one that is seen says too little, for it may be unverified."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("timeline", "0005_part_names")]
    operations = [
        migrations.AddField(
            "eventsubject", "reference", models.CharField(max_length=200, blank=True, db_default="", default="")
        ),
        AddIndexConcurrently(
            "eventsubject",
            models.Index(
                fields=["network", "key", "order_key"],
                condition=models.Q(kind="part") & ~models.Q(reference=""),
                name="event_part_reference",
            ),
        ),
    ]
