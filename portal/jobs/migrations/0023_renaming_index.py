"""An index of the few rows that give a part another reference; made while the table is written to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0022_maxima_by_index")]
    operations = [
        AddIndexConcurrently(
            model_name="row",
            index=models.Index(
                condition=models.Q(models.Q(("about", ""), _negated=True), ("item__has_key", "externalReference")),
                fields=["network", "job_id"],
                name="job_row_renaming",
            ),
        ),
    ]
