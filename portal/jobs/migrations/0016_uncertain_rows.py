"""Each job knows how many of its rows are uncertain; and indexes of jobs that need somebody."""

from django.db import migrations, models

COUNT = """
UPDATE jobs_job j SET uncertain = u.rows FROM (
    SELECT network_id, job_id, count(*) AS rows FROM jobs_row WHERE state = 'uncertain' GROUP BY 1, 2
) u WHERE u.network_id = j.network_id AND u.job_id = j.id
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0015_row_batches")]
    operations = [
        migrations.AddField(
            model_name="job",
            name="uncertain",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
