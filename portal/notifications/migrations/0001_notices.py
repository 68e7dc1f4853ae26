"""Notices: what one person is told about one thing of a network."""

import django.db.models.deletion
from django.db import migrations, models

import portal.lib.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("networks", "0003_recheck_lease"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "network_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField(default=portal.lib.ids.new_id)),
                ("user_id", models.UUIDField()),
                ("kind", models.CharField(max_length=20)),
                ("thing", models.CharField(blank=True, max_length=450)),
                ("at", models.DateTimeField()),
                ("said", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("in_bell", models.BooleanField(default=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("mail_id", models.UUIDField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("mailed_at", models.DateTimeField(null=True)),
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
                    models.Index(fields=["user_id", "-id"], name="notice_latest"),
                    models.Index(
                        condition=models.Q(("in_bell", True), ("seen_at__isnull", True)),
                        fields=["user_id", "-id"],
                        name="notice_unseen",
                    ),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False), ("mailed_at__isnull", True)),
                        fields=["user_id", "due_at"],
                        name="notice_mail_due",
                    ),
                    models.Index(fields=["network", "created_at"], name="notice_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("network", "kind", "thing", "at", "user_id"), name="one_notice_per_person"
                    )
                ],
            },
        ),
    ]
