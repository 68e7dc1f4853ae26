"""Indexes on tables that may be large: made while they are written to."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0006_proof_policies")]
    operations = [
        AddIndexConcurrently(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("proof_pending", True)),
                fields=["network", "job_id", "number"],
                name="batch_proof_pending",
            ),
        ),
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("proof_due_at__isnull", False)),
                fields=["network", "proof_due_at"],
                name="job_proof_due",
            ),
        ),
        AddIndexConcurrently(
            model_name="row",
            index=models.Index(
                condition=models.Q(("about", ""), _negated=True), fields=["network", "about"], name="job_row_about"
            ),
        ),
    ]
