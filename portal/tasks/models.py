"""The projection of tasks, derived from facts; and what a job of ours planned of a task, which no event carries."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.networks.models import Network


class Task(models.Model):
    """Where a task stands (portal.tasks.fold says what each field means)."""

    class State(models.TextChoices):
        SEEN = "seen", _("Seen")
        SCHEDULED = "scheduled", _("Scheduled")
        STARTED = "started", _("Started")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", pgettext_lazy("a task", "Cancelled")

    pk = models.CompositePrimaryKey("network_id", "task")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    task = models.CharField(max_length=210)
    state = models.CharField(max_length=10, choices=State)
    state_at = models.DateTimeField(null=True)
    scheduled_at = models.DateTimeField(null=True)
    scheduled_by = models.CharField(max_length=210, blank=True)
    scheduled_position = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=210, blank=True)
    started_position = models.BigIntegerField(null=True)
    completed_at = models.DateTimeField(null=True)
    completed_by = models.CharField(max_length=210, blank=True)
    completed_position = models.BigIntegerField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=210, blank=True)
    cancelled_position = models.BigIntegerField(null=True)
    activities = models.PositiveIntegerField(default=0)
    last_activity_at = models.DateTimeField(null=True)
    about_kind = models.CharField(max_length=10, blank=True)
    about = models.CharField(max_length=210, blank=True)
    tags = ArrayField(models.CharField(max_length=200), default=list)
    parts = models.JSONField(default=list)  # [[key, quantity as text or ""]]
    people = ArrayField(models.CharField(max_length=210), default=list)
    head_key = models.BinaryField(max_length=27)
    position = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["network", "state", "-head_key"], name="task_state_latest"),
            models.Index(fields=["network", "-head_key"], name="task_latest"),
            models.Index(fields=["network", "about", "-head_key"], name="task_about"),
            models.Index(fields=["network", "state", "state_at"], name="task_state_changed"),
            models.Index(fields=["network", "started_at"], name="task_started"),
            models.Index(fields=["network", "completed_at"], name="task_completed"),
            GinIndex(fields=["tags"], name="task_tags"),
        ]

    def __str__(self) -> str:
        return f"task {self.task}"


class Plan(models.Model):
    """What the job that scheduled a task said of it; the portal knows it, the vendor's events do not carry it."""

    pk = models.CompositePrimaryKey("network_id", "task")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    task = models.CharField(max_length=210)
    description = models.CharField(max_length=3000, blank=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    all_day = models.BooleanField(default=False)
    job_id = models.UUIDField()
    row = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["network", "ends_at"], name="plan_end")]

    def __str__(self) -> str:
        return f"plan of task {self.task}"
