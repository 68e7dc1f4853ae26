"""Indexes of jobs that failed, have uncertain rows, or wait for whoever made them; made while the table is written to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0016_uncertain_rows")]
    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("uncertain__gt", 0)), fields=["network", "created_at"], name="job_uncertain"
            ),
        ),
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["network", "ended_at"], name="job_failed"
            ),
        ),
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state__in", ["draft", "checked", "paused"])),
                fields=["network", "created_by_id"],
                name="job_waiting",
            ),
        ),
    ]
