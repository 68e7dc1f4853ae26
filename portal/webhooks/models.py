"""Deliveries (immutable evidence), the state of their processing, and the quarantine."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.lib.ids import new_id
from portal.networks.models import Network


class Verdict(models.TextChoices):
    """What is known of a delivery's signature."""

    VERIFIED = "verified", _("Verified")
    STALE = "stale", _("Verified, but its time stamp is out of tolerance")
    UNVERIFIED = "unverified", _("Unverified")


class Delivery(models.Model):
    """One HTTP request that reached an inbox and was answered 200: bytes, headers and verdict as received."""

    pk = models.CompositePrimaryKey("network_id", "id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    address_id = models.UUIDField()
    received_at = models.DateTimeField()
    body = models.BinaryField()
    headers = models.JSONField()  # allow-listed; non-printable bytes escaped
    verdict = models.CharField(max_length=10, choices=Verdict)
    verdict_reason = models.CharField(max_length=30, blank=True)  # no_header, bad_header, no_secret, no_match, bound
    signed_at = models.DateTimeField(null=True)  # `t` of the signature
    nonce = models.CharField(max_length=200, null=True)
    recipe = models.CharField(max_length=60, blank=True)  # name of the recipe that matched
    from_quarantine = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["network", "received_at"], name="delivery_received"),
            models.Index(fields=["network", "nonce"], condition=models.Q(nonce__isnull=False), name="delivery_nonce"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id}"


class Processing(models.Model):
    """Where a delivery stands on its way to an event. The one mutable thing about it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        HELD = "held", _("Held back")

    pk = models.CompositePrimaryKey("network_id", "delivery_id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    delivery_id = models.UUIDField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    verdict = models.CharField(max_length=10, choices=Verdict)  # current: improves when secrets or recipes change
    position = models.BigIntegerField(null=True)  # of the event
    repeat = models.BooleanField(default=False)  # the event was already there
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["network", "delivery_id"],
                condition=models.Q(state="waiting"),
                name="processing_waiting",
            ),
            models.Index(
                fields=["network", "delivery_id"],
                condition=models.Q(state__in=["failed", "held"]),
                name="processing_troubled",
            ),
            models.Index(
                fields=["network", "delivery_id"],
                condition=models.Q(verdict="unverified"),
                name="processing_unverified",
            ),
            models.Index(fields=["network", "position"], name="processing_event"),
        ]

    def __str__(self) -> str:
        return f"{self.state} delivery {self.delivery_id}"


class QuarantinedDelivery(models.Model):
    """A request that was refused (401) although its address is right: kept, bounded, checked again on changes."""

    class Reason(models.TextChoices):
        NO_SIGNATURE = "no_header", _("No signature")
        BAD_HEADER = "bad_header", _("Signature header malformed")
        NO_MATCH = "no_match", _("Signature does not match")

    pk = models.CompositePrimaryKey("network_id", "id")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    address_id = models.UUIDField()
    received_at = models.DateTimeField()
    reason = models.CharField(max_length=20, choices=Reason)
    body = models.BinaryField()
    headers = models.JSONField()
    size = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"quarantined delivery {self.id}"


class QuarantineUsage(models.Model):
    """How much of a network's quarantine is used; kept by the function that stores into it."""

    network = models.OneToOneField(Network, primary_key=True, on_delete=models.PROTECT, related_name="+")
    entries = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    minute = models.DateTimeField(null=True)
    entries_in_minute = models.PositiveIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.entries} in quarantine"


class CoverageDay(models.Model):
    """How many deliveries of one event type a network received on one day: derived, always rebuildable."""

    pk = models.CompositePrimaryKey("network_id", "type", "day")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=200, blank=True)  # "" = could not be read
    day = models.DateField()  # of receiving, in the zone of CoverageZone
    deliveries = models.PositiveIntegerField()
    repeats = models.PositiveIntegerField()  # of an event that was there already
    signed = models.PositiveIntegerField()  # with a signature that is verified by now
    released = models.PositiveIntegerField()  # refused at first, and let out of the quarantine later
    live = models.PositiveIntegerField()  # answered 200 when they came: neither released nor loaded as history
    last_live_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["network", "day"], name="coverage_day")]

    def __str__(self) -> str:
        return f"{self.deliveries} deliveries of {self.type} on {self.day}"


class CoverageZone(models.Model):
    """The time zone whose days a network's coverage is counted by; without one, those of UTC."""

    network = models.OneToOneField(Network, primary_key=True, on_delete=models.PROTECT, related_name="+")
    zone = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"days of {self.zone}"


class ReferencesToRead(models.Model):
    """How far back a network's events are still to be read for the references that they give."""

    network = models.OneToOneField(Network, primary_key=True, on_delete=models.PROTECT, related_name="+")
    before = models.BigIntegerField()  # events of earlier positions are left, the latest come first

    def __str__(self) -> str:
        return f"references of events before {self.before}"


class SilenceRule(models.Model):
    """After how many hours without a delivery a network, or one event type of it, counts as silent."""

    pk = models.CompositePrimaryKey("network_id", "type")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=200, blank=True)  # "" = the network as a whole, "*" = each type without its own
    hours = models.PositiveIntegerField()  # 0 = never

    def __str__(self) -> str:
        return f"{self.type or 'network'} silent after {self.hours} hours"
