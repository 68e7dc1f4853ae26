"""Rows that a person settled by hand, who and when; and what their states are called."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0024_kept_maxima"),
    ]

    operations = [
        migrations.AddField(
            model_name="row",
            name="said_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="row",
            name="said_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=320),
        ),
        migrations.AlterField(
            model_name="row",
            name="state",
            field=models.CharField(
                choices=[
                    ("invalid", "Has errors"),
                    ("left_out", "Left out"),
                    ("held", "Held back"),
                    ("ready", "Ready"),
                    ("queued", "In line"),
                    ("sending", "Sending"),
                    ("accepted", "Accepted"),
                    ("unconfirmed", "Accepted, not confirmed"),
                    ("confirmed", "Confirmed by an event"),
                    ("contradicted", "Contradicted by an event"),
                    ("rejected", "Rejected"),
                    ("uncertain", "Uncertain"),
                    ("said_taken", "Took effect, by hand"),
                    ("said_lost", "Took no effect, by hand"),
                    ("not_sent", "Not sent"),
                ],
                max_length=12,
            ),
        ),
    ]
