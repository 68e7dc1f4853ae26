"""An index of checks that were given up; made while the table is written to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0013_checks_in_turn")]
    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("check_given_up_at__isnull", False)),
                fields=["network", "created_by_id"],
                name="job_check_given_up",
            ),
        ),
    ]
