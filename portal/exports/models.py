"""Exports: a list as one person filtered it, written to a file in the background, kept for some days."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.ids import new_id


class Export(models.Model):
    """One file that somebody asked for. It is seen only by who may see every network that it holds."""

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel (XLSX)")
        JSONL = "jsonl", _("JSON Lines")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WRITING = "writing", _("Being written")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")

    class Failure(models.TextChoices):
        TOO_MANY_ROWS = "too_many_rows", _("An Excel sheet holds at most 1,048,575 rows. Export it as CSV.")
        TOO_LARGE = "too_large", _("The file would be larger than the limit. Choose less, a shorter period say.")
        CELL_TOO_LONG = "cell_too_long", _("A text is longer than a cell of Excel may be. Export it as CSV.")
        ENDED_OFTEN = "ended_often", _("Writing it failed several times. Ask whoever runs the portal.")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    networks = ArrayField(models.UUIDField())
    organizations = ArrayField(models.UUIDField(), default=list)
    # Plain values, no foreign key: an export outlives the membership of whoever asked for it.
    created_by_id = models.UUIDField()
    created_by = models.CharField(max_length=320)
    created_at = models.DateTimeField(default=timezone.now)
    listing = models.CharField(max_length=30)  # portal.exports.listings
    query = models.CharField(max_length=4000, blank=True)  # the address's filters of the list
    format = models.CharField(max_length=5, choices=Format)
    language = models.CharField(max_length=8)
    time_zone = models.CharField(max_length=64)
    until = models.JSONField(default=dict)  # {network id: position}: what is recorded later is no part of it
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    failure = models.CharField(max_length=20, choices=Failure, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)  # of the worker that writes it
    lease_until = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_by_id", "-id"], name="export_latest"),
            models.Index(fields=["id"], condition=models.Q(state__in=["waiting", "writing"]), name="export_due"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="export_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.listing} export {self.id}"


class ExportPiece(models.Model):
    """A piece of an export's file: the database is the one store of every process."""

    pk = models.CompositePrimaryKey("export_id", "piece")
    export_id = models.UUIDField()
    piece = models.PositiveIntegerField()  # from 0
    networks = ArrayField(models.UUIDField())
    organizations = ArrayField(models.UUIDField(), default=list)
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"piece {self.piece} of export {self.export_id}"
