"""Notices: what one person is told about one thing of a network, in the bell and by mail."""

from __future__ import annotations

from django.db import models

from portal.lib.ids import new_id
from portal.networks.models import Network


class Notice(models.Model):
    """One notice to one person. Derived news, not evidence: old ones are removed."""

    pk = models.CompositePrimaryKey("network_id", "id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    user_id = models.UUIDField()
    kind = models.CharField(max_length=20)  # portal.notifications.kinds
    thing = models.CharField(max_length=450, blank=True)  # what it is about: key of a part, a task, a job, a type …
    at = models.DateTimeField()  # when it happened
    said = models.JSONField(default=dict)  # the values of the kind's sentence
    created_at = models.DateTimeField()
    in_bell = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True)
    # Of the mail: when it is due, which mail holds it, who may be writing it until when, and when it went out.
    due_at = models.DateTimeField(null=True)
    mail_id = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "kind", "thing", "at", "user_id"], name="one_notice_per_person")
        ]
        indexes = [
            models.Index(fields=["user_id", "-at", "-id"], name="notice_latest"),
            models.Index(
                fields=["user_id", "-at", "-id"],
                condition=models.Q(seen_at__isnull=True, in_bell=True),
                name="notice_unseen",
            ),
            models.Index(
                fields=["user_id", "due_at"],
                condition=models.Q(due_at__isnull=False, mailed_at__isnull=True),
                name="notice_mail_due",
            ),
            models.Index(fields=["network", "created_at"], name="notice_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing} for {self.user_id}"
