"""Judging again: one worker at a time, going on where another was stopped, and a second look."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("networks", "0002_policies")]
    operations = [
        migrations.AddField("inbox", "recheck_not_before", models.DateTimeField(null=True)),
        migrations.AddField("inbox", "recheck_after", models.UUIDField(null=True)),
    ]
