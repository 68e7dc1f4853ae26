"""The audit trail: who did what in the portal, when and to what. Rows are never changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from portal.lib.ids import new_id


class Entry(models.Model):
    """One act of a person, of a command or of the portal itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=timezone.now)
    # Plain ids, not foreign keys: evidence outlives what it speaks of.
    organization_id = models.UUIDField(null=True)
    network_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=320)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["network_id", "-at", "-id"], name="trail_network_at"),
            models.Index(fields=["organization_id", "-at", "-id"], name="trail_organization_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor}: {self.action}"
