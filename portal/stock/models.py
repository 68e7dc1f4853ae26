"""The stock projection: derived from facts, always rebuildable; and the accepted writes, which are facts of ours."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from portal.networks.models import Network


class Entry(models.Model):
    """One line of a part's ledger: one event or one accepted write (portal.stock.evidence says what each field is)."""

    class Kind(models.TextChoices):
        CONSUMED = "consumed", _("Consumed")
        RESTOCKED = "restocked", _("Restocked")
        RECOUNTED = "recounted", _("Counted")
        CONSUMPTION_CANCELLED = "consumption_cancelled", _("Consumption cancelled")
        OUT_OF_STOCK = "out_of_stock", _("Out of stock")
        UNDER_MINIMUM = "under_minimum", _("Below minimum")
        WRITTEN = "written", _("Written by a job")

    pk = models.CompositePrimaryKey("network_id", "part", "order_key")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    order_key = models.BinaryField(max_length=27)
    position = models.BigIntegerField(null=True)  # of the event
    kind = models.CharField(max_length=24, choices=Kind)
    occurred_at = models.DateTimeField()
    location = models.CharField(max_length=210, blank=True)
    quantity = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    delta = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    previous = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    resulting = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    minimum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    task = models.CharField(max_length=210, null=True)
    person = models.CharField(max_length=210, null=True)
    job_id = models.UUIDField(null=True)
    row = models.PositiveIntegerField(null=True)
    place_before = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    place_gap = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    place_since = models.DateTimeField(null=True)
    place_explained = models.CharField(max_length=12, blank=True)
    part_before = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    part_gap = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    part_since = models.DateTimeField(null=True)
    part_explained = models.CharField(max_length=12, blank=True)
    vote = models.CharField(max_length=8, blank=True)
    place_after = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    places_after = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    part_after = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    checkpoint = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "position"], condition=models.Q(position__isnull=False), name="entry_event"
            ),
            models.Index(fields=["network", "part", "location", "order_key"], name="entry_location"),
            models.Index(
                fields=["network", "part", "order_key"],
                condition=models.Q(checkpoint__isnull=False),
                name="entry_checkpoint",
            ),
            models.Index(fields=["network", "task"], condition=models.Q(task__isnull=False), name="entry_task"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.part}"


class Part(models.Model):
    """A part's stock now, under the network's scope, and the state from which its fold goes on."""

    class Confidence(models.TextChoices):
        EXACT = "exact", _("Exact chain")
        OBSERVED = "observed", _("Observed only")
        UNCERTAIN = "uncertain", _("Uncertain")
        GAP = "gap", _("Gap")
        UNKNOWN = "unknown", _("Never seen")

    pk = models.CompositePrimaryKey("network_id", "part")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    level = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    as_of = models.DateTimeField(null=True)
    confidence = models.CharField(max_length=10, choices=Confidence)
    doubtful_since = models.DateTimeField(null=True)
    minimum = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    out_since = models.DateTimeField(null=True)
    below_since = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)
    consumed_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(null=True)  # of the last event about its stock
    places = models.PositiveIntegerField()
    head_key = models.BinaryField(max_length=27)
    state = models.JSONField()

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "out_since"], condition=models.Q(out_since__isnull=False), name="part_out_of_stock"
            ),
            models.Index(
                fields=["network", "below_since"],
                condition=models.Q(below_since__isnull=False),
                name="part_below_minimum",
            ),
            # One per order in which parts are listed; those about which nothing is known come last, by part.
            models.Index(fields=["network", "moved_at", "part"], name="part_moved"),
            models.Index(fields=["network", "level", "part"], name="part_level"),
            models.Index(fields=["network", "as_of", "part"], name="part_as_of"),
            models.Index(
                fields=["network", "confidence", "part"], condition=~models.Q(confidence="exact"), name="part_not_exact"
            ),
            models.Index(
                models.F("network"),
                Least("out_since", "below_since"),
                models.F("part"),
                condition=models.Q(out_since__isnull=False) | models.Q(below_since__isnull=False),
                name="part_low",
            ),
        ]

    def __str__(self) -> str:
        return f"stock of {self.part}"


class Level(models.Model):
    """A part's stock at one location, if this network counts locations."""

    pk = models.CompositePrimaryKey("network_id", "part", "location")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    location = models.CharField(max_length=210)
    level = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    as_of = models.DateTimeField(null=True)
    confidence = models.CharField(max_length=10, choices=Part.Confidence)
    doubtful_since = models.DateTimeField(null=True)
    position = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["network", "location", "part"], name="level_location")]

    def __str__(self) -> str:
        return f"stock of {self.part} at {self.location}"


class Gap(models.Model):
    """Stock that changed without an event that we have, in the scope that is proven for its network."""

    pk = models.CompositePrimaryKey("network_id", "part", "location", "order_key")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    location = models.CharField(max_length=210, blank=True)  # "" = of the whole part
    order_key = models.BinaryField(max_length=27)  # of the entry that revealed it
    position = models.BigIntegerField(null=True)
    before = models.DecimalField(max_digits=24, decimal_places=6)
    after = models.DecimalField(max_digits=24, decimal_places=6)
    since = models.DateTimeField()
    until = models.DateTimeField()
    closed_by = models.BigIntegerField(null=True)  # position of the late event that filled it

    class Meta:
        indexes = [
            models.Index(fields=["network", "-until"], condition=models.Q(closed_by__isnull=True), name="gap_open"),
            models.Index(fields=["network", "-until"], name="gap_latest"),
        ]

    def __str__(self) -> str:
        return f"gap of {self.part}"


class NetworkScope(models.Model):
    """What `previousStock` counts on a network: the votes of its events, and the finding."""

    network = models.OneToOneField(Network, primary_key=True, on_delete=models.PROTECT, related_name="+")
    votes_location = models.BigIntegerField(default=0)
    votes_part = models.BigIntegerField(default=0)
    scope = models.CharField(max_length=8, default="unknown")

    def __str__(self) -> str:
        return f"stock of {self.network_id} counts {self.scope}"


class PartReference(models.Model):
    """The reference by which a part goes, as the latest verified event that gives one tells (see references.py)."""

    pk = models.CompositePrimaryKey("network_id", "part")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    reference = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["network", "reference"], name="part_reference")]

    def __str__(self) -> str:
        return f"{self.part} goes by {self.reference}"


class Write(models.Model):
    """A stock value that the vendor accepted from a job of ours: evidence beside the events, only ever added to."""

    pk = models.CompositePrimaryKey("network_id", "part", "order_key")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    part = models.CharField(max_length=210)
    order_key = models.BinaryField(max_length=27)
    level = models.DecimalField(max_digits=24, decimal_places=6)
    accepted_at = models.DateTimeField()
    job_id = models.UUIDField()
    row = models.PositiveIntegerField()
    folded = models.BooleanField(default=False)  # the ledger holds it

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "part", "order_key"], condition=models.Q(folded=False), name="write_not_folded"
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} written for {self.part}"
