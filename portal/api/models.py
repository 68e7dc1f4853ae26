"""Tokens with which programs of an organization read. Only their hashes are kept."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organization
from portal.lib.ids import new_id


class Scope(models.TextChoices):
    """What a token may do. Every route names the scope that it asks for."""

    READ = "read", _("Read")


class Token(models.Model):
    """A token of an organization: what it may do, on which networks, and until when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    token_hash = models.BinaryField(max_length=32, unique=True)  # SHA-256
    last_four = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    # Ids of networks; null = all that the organization has, also those that are connected later.
    networks = ArrayField(models.UUIDField(), null=True)
    # Plain text: a token outlives the membership of whoever made it.
    created_by = models.CharField(max_length=320)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)  # to the minute
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="token_latest")]

    def __str__(self) -> str:
        return f"{self.name} …{self.last_four}"

    def is_valid(self, *, now: datetime) -> bool:
        """Tell whether it still opens anything."""
        return self.revoked_at is None and self.expires_at > now
