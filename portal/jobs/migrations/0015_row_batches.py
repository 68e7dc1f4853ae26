"""Rows that are in no request need no place in the index of requests; made while the table is written to."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0014_given_up_index")]
    operations = [
        AddIndexConcurrently(
            model_name="row",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["network", "job_id", "batch", "number"],
                name="job_row_in_batch",
            ),
        ),
        RemoveIndexConcurrently("row", "job_row_batch"),
    ]
