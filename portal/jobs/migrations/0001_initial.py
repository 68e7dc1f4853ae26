"""Jobs, their batches, rows and calls."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import portal.lib.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("networks", "0002_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "job_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("job_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("rows", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Sending"),
                            ("answered", "Answered"),
                            ("uncertain", "Uncertain"),
                            ("not_sent", "Not sent"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("not_before", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["network", "job_id", "number"],
                        name="batch_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=portal.lib.ids.new_id)),
                ("job_id", models.UUIDField()),
                ("batch", models.PositiveIntegerField()),
                ("attempt", models.PositiveSmallIntegerField()),
                ("method", models.CharField(max_length=8)),
                ("path", models.CharField(max_length=200)),
                ("request_bytes", models.PositiveIntegerField()),
                ("request_digest", models.BinaryField(max_length=32)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, max_length=30)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("request_id", models.CharField(blank=True, max_length=100)),
                ("detail", models.CharField(blank=True, max_length=500)),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["network", "job_id", "batch", "attempt"], name="call_of_batch")],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=portal.lib.ids.new_id)),
                ("operation", models.CharField(max_length=60)),
                ("family", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("checking", "Checking"),
                            ("checked", "Checked"),
                            ("queued", "In line"),
                            ("sending", "Sending"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("partly_done", "Partly done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                (
                    "pause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refused", "Mobility Work refused the first request"),
                            ("key_refused", "Mobility Work does not accept the API key"),
                            ("access_denied", "Mobility Work denies access; the plan may not include this"),
                            ("unreachable", "Mobility Work cannot be reached"),
                            ("sending_stopped", "All sending on this network is stopped"),
                            ("no_key", "The network has no API key in use"),
                        ],
                        max_length=20,
                    ),
                ),
                ("source", models.CharField(choices=[("form", "Form"), ("file", "File")], max_length=6)),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("created_by_id", models.UUIDField(null=True)),
                ("created_by", models.CharField(max_length=320)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("cancel_wanted_at", models.DateTimeField(null=True)),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "sending", "paused"])),
                        fields=["network", "family", "submitted_at"],
                        name="job_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Row",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "job_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("job_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
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
                            ("not_sent", "Not sent"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("batch_refused", "Another row of its request was refused"),
                            ("cancelled", "The job was cancelled"),
                        ],
                        max_length=20,
                    ),
                ),
                ("batch", models.PositiveIntegerField(null=True)),
                ("item", models.JSONField(null=True)),
                ("errors", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "network",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="networks.network",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["network", "job_id", "batch", "number"], name="job_row_batch"),
                    models.Index(fields=["network", "job_id", "state", "number"], name="job_row_state"),
                ],
            },
        ),
    ]
