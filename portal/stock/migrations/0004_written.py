"""Which parts hold values that jobs have set is asked with every event about them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("stock", "0003_list_orders")]
    operations = [
        AddIndexConcurrently(
            "entry",
            models.Index(fields=["network", "part"], condition=models.Q(kind="written"), name="entry_written"),
        ),
    ]
