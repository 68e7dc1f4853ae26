"""Who sent a job: it need not be who made it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0020_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="submitted_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=320),
        ),
    ]
