"""Indexes of what nobody has looked at or written about; made while the table is written to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0009_notice_policies")]
    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("seen_at__isnull", True), ("submitted_at__isnull", False)),
                fields=["network", "created_by_id"],
                name="job_unseen",
            ),
        ),
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(
                    ("created_by_id__isnull", False), ("mailed_at__isnull", True), ("submitted_at__isnull", False)
                ),
                fields=["network", "submitted_at"],
                name="job_mail_due",
            ),
        ),
    ]
