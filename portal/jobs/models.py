"""Jobs: one submission of an operation each, its rows, the requests in which they are sent, and every call made."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.jobs.evidence import Verdict
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
    file_digest = models.BinaryField(max_length=32, null=True)  # SHA-256
    file_bytes = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    # Plain values, no foreign key: a job outlives the membership of whoever made it.
    created_by_id = models.UUIDField(null=True)
    created_by = models.CharField(max_length=320)
    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.CharField(max_length=320, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True)
    cancel_wanted_at = models.DateTimeField(null=True)
    # Of whoever made it: when they looked at how it ended or why it stopped, and when it was said by mail.
    seen_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    previous_id = models.UUIDField(null=True)  # the job that this one goes on with
    previous_network_id = models.UUIDField(null=True)  # where that is a rehearsal on the paired sandbox network
    # Of a file: how it is read, and what its headings mean.
    file_format = models.JSONField(null=True)  # portal.lib.tabular.FileFormat
    heading = models.JSONField(default=list)  # the file's own
    columns = models.JSONField(default=list)  # for each heading: the column's name, "" = left out, null = not chosen
    identifier_types = models.JSONField(default=dict)  # column: name of the type
    # Of the check: who does it, how far it is, and what concerns the file as a whole.
    check_token = models.UUIDField(null=True)
    check_lease_until = models.DateTimeField(null=True)
    checked_rows = models.PositiveIntegerField(default=0)
    check_begun_at = models.DateTimeField(null=True)  # the latest time
    check_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)  # that came to no end
    check_given_up_at = models.DateTimeField(null=True)  # for a fault of ours
    # Counts what is changed of a check, see portal.jobs.revisions; who changed it last at which of them.
    revision = models.PositiveIntegerField(default=1, db_default=1)
    changes = models.JSONField(default=dict, db_default={})
    rows_digest = models.BinaryField(max_length=32, null=True)  # SHA-256 of what every row says
    remarks = models.JSONField(default=list)  # [{"column", "code", "params"}], see portal.jobs.problems
    # How many of its rows are uncertain now: counted as they move, for the table of rows has no index of states.
    uncertain = models.PositiveIntegerField(default=0, db_default=0)
    # When rows that nothing has confirmed until then are called unconfirmed; null where nothing waits for it.
    proof_due_at = models.DateTimeField(null=True)
    # When its file, its rows and what its calls said were removed, after how many years; how its rows had ended.
    content_removed_at = models.DateTimeField(null=True)
    kept_years = models.PositiveSmallIntegerField(null=True)
    kept_counts = models.JSONField(default=dict, db_default={})  # {row state: rows}

    class Meta:
        indexes = [
            models.Index(fields=["network", "-created_at", "-id"], name="job_latest"),
            models.Index(
                fields=["network", "family", "submitted_at"],
                condition=models.Q(state__in=["queued", "sending", "paused"]),
                name="job_open",
            ),
            models.Index(
                fields=["network", "created_by_id"],
                condition=models.Q(seen_at__isnull=True, submitted_at__isnull=False),
                name="job_unseen",
            ),
            models.Index(
                fields=["network", "submitted_at"],
                condition=models.Q(mailed_at__isnull=True, submitted_at__isnull=False, created_by_id__isnull=False),
                name="job_mail_due",
            ),
            models.Index(
                fields=["network", "created_by_id"],
                condition=models.Q(check_given_up_at__isnull=False),
                name="job_check_given_up",
            ),
            models.Index(
                fields=["network", "proof_due_at"], condition=models.Q(proof_due_at__isnull=False), name="job_proof_due"
            ),
            models.Index(fields=["network", "created_at"], condition=models.Q(uncertain__gt=0), name="job_uncertain"),
            models.Index(fields=["network", "ended_at"], condition=models.Q(state="failed"), name="job_failed"),
            models.Index(
                fields=["network", "created_by_id"],
                condition=models.Q(state__in=["draft", "checked", "paused"]),
                name="job_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} job {self.id}"

    @property
    def sent_by(self) -> str:
        """Return who sent it, which need not be who made it; of one that nobody sent, and of old ones, who made it."""
        return self.submitted_by or self.created_by


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
    attempts = models.PositiveSmallIntegerField(default=0)  # since a person went on last
    forgiven = models.PositiveSmallIntegerField(default=0, db_default=0)  # those before
    not_before = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    proof_pending = models.BooleanField(
        default=False, db_default=False
    )  # settled, and events that came before are not looked at yet

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "job_id", "number"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="batch_open",
            ),
            models.Index(
                fields=["network", "job_id", "number"],
                condition=models.Q(proof_pending=True),
                name="batch_proof_pending",
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
    state = models.CharField(max_length=12, choices=RowState)  # "sending" is said by its batch: see portal.jobs.moves
    reason = models.CharField(max_length=20, choices=Reason, blank=True)  # of "not sent"
    batch = models.PositiveIntegerField(null=True)
    item = models.JSONField(null=True)  # what is sent; null while the row has errors
    # As typed, {column: cell}: kept where there is something to say of the row, or where it did not come by a file
    cells = models.JSONField(null=True)
    problems = models.JSONField(default=list)  # what the check found: [{"column", "code", "params", "message"}]
    warnings = models.JSONField(default=list)  # the same, but it may be sent
    digest = models.BinaryField(max_length=16, null=True)  # of its identity, to find what comes twice
    # Key of the part whose stock it sets, as readings of events have it; events that name it may confirm the row.
    about = models.CharField(max_length=210, blank=True, default="", db_default="")
    # Of a count sheet: movements until then are weighed against the count, by whoever chose what to do.
    weighed_until = models.DateTimeField(null=True)
    # What the vendor said of this row: [{"path": [...], "key", "parameters", "pointer"}]
    errors = models.JSONField(default=list)
    # Who settled an uncertain row by hand, and when; it stays where an event proves the row later on.
    said_by = models.CharField(max_length=320, blank=True, default="", db_default="")
    said_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            # While a file is checked its rows are in no request.
            models.Index(
                fields=["network", "job_id", "batch", "number"],
                condition=models.Q(batch__isnull=False),
                name="job_row_in_batch",
            ),
            # None holds the state: it changes in place only where no index must follow.
            models.Index(
                fields=["network", "job_id", "number"],
                condition=models.Q(cells__isnull=False),
                name="job_row_remarked",
            ),
            models.Index(fields=["network", "about"], condition=~models.Q(about=""), name="job_row_about"),
            # Those that give a part another reference.
            models.Index(
                fields=["network", "job_id"],
                condition=~models.Q(about="") & models.Q(item__has_key="externalReference"),
                name="job_row_renaming",
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.number} of job {self.job_id}"


class JobFile(models.Model):
    """The file of a job, exactly as it came, in pieces: the database is the one store of every process."""

    pk = models.CompositePrimaryKey("network_id", "job_id", "piece")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    job_id = models.UUIDField()
    piece = models.PositiveIntegerField()  # from 0
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"piece {self.piece} of the file of job {self.job_id}"


class ColumnChoice(models.Model):
    """What the headings of files meant last time, by network and operation."""

    pk = models.CompositePrimaryKey("network_id", "operation", "heading")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    operation = models.CharField(max_length=60)
    heading = models.CharField(max_length=200)  # as integrations.mobility_work.headings.plain gives it
    column = models.CharField(max_length=60, blank=True)  # "" = left out
    identifier_type = models.CharField(max_length=40, blank=True)
    chosen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.heading} means {self.column}"


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
    # Of the exchange, without the key: the beginnings of the bodies; the sizes are those of the whole ones.
    request_headers = models.JSONField(default=dict)
    request_body = models.BinaryField(default=b"")
    response_headers = models.JSONField(default=dict)
    response_body = models.BinaryField(default=b"")
    response_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["network", "job_id", "batch", "attempt"], name="call_of_batch")]

    def __str__(self) -> str:
        return f"call {self.attempt} of batch {self.batch} of job {self.job_id}"


class Confirmation(models.Model):
    """Evidence: what one event says of one row. Added to, never changed; the row's state is the latest judgement."""

    pk = models.CompositePrimaryKey("network_id", "job_id", "number", "key", "position")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    job_id = models.UUIDField()
    number = models.PositiveIntegerField()  # of the row
    kind = models.CharField(max_length=10)  # of what the event speaks of: part or task
    key = models.CharField(max_length=210)
    position = models.BigIntegerField()  # of the event
    verdict = models.CharField(max_length=12, choices=Verdict)
    occurred_at = models.DateTimeField()
    found_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["network", "position"], name="confirmation_event")]

    def __str__(self) -> str:
        return f"event {self.position}: row {self.number} of job {self.job_id} {self.verdict}"


class KeptMaximum(models.Model):
    """The maximum of a part that the rows of a job had set last when they were removed at the end of retention."""

    pk = models.CompositePrimaryKey("network_id", "part")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)  # as `Row.about` names it; of a creation its reference
    maximum = models.JSONField()  # as it was sent; null: it was cleared
    job_id = models.UUIDField()
    row = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"up to {self.maximum} of {self.part}"


class EvidenceCursor(models.Model):
    """Up to which event the rows of a network are judged; made before its first job is sent."""

    network = models.OneToOneField(Network, on_delete=models.PROTECT, primary_key=True, related_name="+")
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"events of {self.network_id} up to {self.position}"
