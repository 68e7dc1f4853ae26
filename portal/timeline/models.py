"""Events, immutable, and what our readers make of them, always derivable again."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from portal.networks.models import Network
from portal.timeline.folding import folded_expression


class Event(models.Model):
    """One vendor event, recorded once. Its position is the network's running number, given by `drain`."""

    pk = models.CompositePrimaryKey("network_id", "position")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.BigIntegerField()
    identity = models.BinaryField(max_length=32)  # integrations.mobility_work.identity.event_identity
    raw = models.BinaryField()
    first_received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "identity"], name="one_event_per_identity")]

    def __str__(self) -> str:
        return f"event {self.position} of {self.network_id}"


class Reading(models.Model):
    """What reader `reader_version` makes of an event: derived, replaceable, never evidence."""

    pk = models.CompositePrimaryKey("network_id", "position")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.BigIntegerField()
    reader_version = models.PositiveSmallIntegerField()
    # The design's total order as bytes: occurred-at, chain index, rank of kind, identity (integrations ordering.py).
    order_key = models.BinaryField(max_length=27)
    type = models.CharField(max_length=200, blank=True)
    known = models.BooleanField(default=True)
    occurred_at = models.DateTimeField()
    occurred_from = models.CharField(max_length=40)
    verified = models.BooleanField()  # some delivery of it has a verdict of verified or stale
    sentence = models.JSONField()  # {"template": msgid, "arguments": {name: {"text", "kind", "key"}}}
    facts = models.JSONField(default=list)
    # Words for what is unusual, shown as badges; portal.timeline.filters.FLAGS names them all.
    flags = ArrayField(models.CharField(max_length=20), default=list)
    differences = models.JSONField(default=list)  # [{"code", "path", "detail"}]
    idempotency_key = models.CharField(max_length=200, null=True)
    deliveries = models.PositiveIntegerField(default=1)
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    unreadable = models.CharField(max_length=300, blank=True)
    # Stock movements with one occurred-at are ordered by the chain they form.
    chain = models.CharField(max_length=420, null=True)  # part key and location key
    previous_stock = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    resulting_stock = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    terms = SearchVectorField()

    class Meta:
        indexes = [
            models.Index(fields=["network", "order_key"], name="reading_order"),
            models.Index(fields=["network", "type", "order_key"], name="reading_type_order"),
            models.Index(fields=["network", "verified", "order_key"], name="reading_verified_order"),
            models.Index(
                fields=["network", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="reading_idempotency_key",
            ),
            models.Index(
                fields=["network", "chain", "occurred_at"],
                condition=models.Q(chain__isnull=False),
                name="reading_chain",
            ),
        ]

    def __str__(self) -> str:
        return f"reading of event {self.position} of {self.network_id}"


class EventSubject(models.Model):
    """One thing or person that an event speaks of, ordered as the timeline is."""

    pk = models.CompositePrimaryKey("network_id", "kind", "key", "order_key", "position")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.BigIntegerField()
    kind = models.CharField(max_length=10)  # task, part, equipment, location, person
    key = models.CharField(max_length=210)
    order_key = models.BinaryField(max_length=27)
    reference = models.CharField(max_length=200, blank=True, default="", db_default="")  # as this event gives it

    class Meta:
        indexes = [
            models.Index(fields=["network", "position"], name="event_subject_event"),
            models.Index(
                fields=["network", "key", "order_key"],
                condition=models.Q(kind="part") & ~models.Q(reference=""),
                name="event_part_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Subject(models.Model):
    """The last seen name and reference of a task, part, equipment, location or person of a network."""

    pk = models.CompositePrimaryKey("network_id", "kind", "key")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=210)
    label = models.CharField(max_length=300)
    reference = models.CharField(max_length=200, blank=True)
    last_order_key = models.BinaryField(max_length=27)  # of the event that gave label and reference
    # Label and reference as lists sort them and searches look through them. A column, for behind a policy no index on
    # an expression is compared with anything.
    folded = models.GeneratedField(
        expression=folded_expression(), output_field=models.TextField(db_collation="C"), db_persist=True
    )

    class Meta:
        indexes = [
            models.Index(fields=["network", "kind", "reference"], name="subject_reference"),
            models.Index(
                fields=["network", "folded", "key"], condition=models.Q(kind="part"), name="subject_part_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"


class ContractDifference(models.Model):
    """A way in which the vendor's events differ from what we know of its contract, with the first example."""

    pk = models.CompositePrimaryKey("network_id", "type", "code", "path")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=200)
    code = models.CharField(max_length=40)
    path = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    first_position = models.BigIntegerField()
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} {self.code} {self.path}"
