"""Jobs: one submission of an operation each, its rows, the requests in which they are sent, and every call made."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.jobs.states import JobState, RowState
from portal.lib.ids import new_id
from portal.networks.models import Network


class Job(models.Model):
    """One submission of an operation: a form is a job of one row, a file one of many."""

    class Source(models.TextChoices):
        FORM = "form", _("Form")
        FILE = "file", _("File")

    class Pause(models.TextChoices):
        REFUSED = "refused", _("Mobility Work refused the first request")
        KEY_REFUSED = "key_refused", _("Mobility Work does not accept the API key")
        ACCESS_DENIED = "access_denied", _("Mobility Work denies access; the plan may not include this")
        UNREACHABLE = "unreachable", _("Mobility Work cannot be reached")
        SENDING_STOPPED = "sending_stopped", _("All sending on this network is stopped")
        NO_KEY = "no_key", _("The network has no API key in use")

    pk = models.CompositePrimaryKey("network_id", "id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    operation = models.CharField(max_length=60)  # operationId in openapi.yaml
    family = models.CharField(max_length=40)  # one sending job at a time per network and family
    state = models.CharField(max_length=12, choices=JobState, default=JobState.DRAFT)
    pause = models.CharField(max_length=20, choices=Pause, blank=True)
    source = models.CharField(max_length=6, choices=Source)
    file_name = models.CharField(max_length=255, blank=True)
    rows = models.PositiveIntegerField(default=0)
    # Plain values, no foreign key: a job outlives the membership of whoever made it.
    created_by_id = models.UUIDField(null=True)
    created_by = models.CharField(max_length=320)
    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_wanted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "family", "submitted_at"],
                condition=models.Q(state__in=["queued", "sending", "paused"]),
                name="job_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} job {self.id}"


class Batch(models.Model):
    """One request of a job: up to the operation's limit of rows. Whoever sends it holds a lease on it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Sending")
        ANSWERED = "answered", _("Answered")
        UNCERTAIN = "uncertain", _("Uncertain")
        NOT_SENT = "not_sent", _("Not sent")

    pk = models.CompositePrimaryKey("network_id", "job_id", "number")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    job_id = models.UUIDField()
    number = models.PositiveIntegerField()  # from 1; the first is the canary
    rows = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "job_id", "number"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="batch_open",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.number} of job {self.job_id}"


class Row(models.Model):
    """One item of a job."""

    class Reason(models.TextChoices):
        BATCH_REFUSED = "batch_refused", _("Another row of its request was refused")
        CANCELLED = "cancelled", _("The job was cancelled")

    pk = models.CompositePrimaryKey("network_id", "job_id", "number")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    job_id = models.UUIDField()
    number = models.PositiveIntegerField()  # as a spreadsheet shows it
    state = models.CharField(max_length=12, choices=RowState)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)  # of "not sent"
    batch = models.PositiveIntegerField(null=True)
    item = models.JSONField(null=True)  # what is sent; null while the row has errors
    # What the vendor said of this row: [{"path": [...], "key", "parameters", "pointer"}]
    errors = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["network", "job_id", "batch", "number"], name="job_row_batch"),
            models.Index(fields=["network", "job_id", "state", "number"], name="job_row_state"),
        ]

    def __str__(self) -> str:
        return f"row {self.number} of job {self.job_id}"


class Call(models.Model):
    """One request to the vendor. Written before it is sent: a call without an end may have taken effect."""

    pk = models.CompositePrimaryKey("network_id", "id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    job_id = models.UUIDField()
    batch = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    request_bytes = models.PositiveIntegerField()
    request_digest = models.BinaryField(max_length=32)  # SHA-256 of the body
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True)  # "accepted", or the name of the error
    status = models.PositiveSmallIntegerField(null=True)
    request_id = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["network", "job_id", "batch", "attempt"], name="call_of_batch")]

    def __str__(self) -> str:
        return f"call {self.attempt} of batch {self.batch} of job {self.job_id}"
