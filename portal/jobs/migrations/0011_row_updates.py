"""Lets the states of rows change in place: a state stands in no index, and pages keep room for the next version."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0010_notice_indexes")]
    operations = [
        RemoveIndexConcurrently("row", "job_row_state"),
        migrations.RunSQL("ALTER TABLE jobs_row SET (fillfactor = 40)", "ALTER TABLE jobs_row RESET (fillfactor)"),
    ]
