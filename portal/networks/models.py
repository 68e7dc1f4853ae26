"""Networks (the tenants), their sealed API keys, and their inboxes for webhooks."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organization, User
from portal.lib.ids import new_id


class Network(models.Model):
    """One Mobility Work network. Identity only: it holds no secret and carries no policy."""

    class Kind(models.TextChoices):
        PRODUCTION = "production", _("Production")
        SANDBOX = "sandbox", _("Sandbox")

    class Plan(models.TextChoices):
        STARTER = "starter", "Starter"
        PREMIUM = "premium", "Premium"
        ULTIMATE = "ultimate", "Ultimate"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="networks")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    # As the vendor names it (GET network/settings); compared with `networkId` in webhooks.
    vendor_network_id = models.UUIDField(unique=True)
    legacy_network_id = models.BigIntegerField(null=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    plan = models.CharField(_("plan"), max_length=10, choices=Plan, default=Plan.PREMIUM)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PRODUCTION)
    production = models.OneToOneField("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="sandbox")
    sending_stopped_at = models.DateTimeField(null=True)  # set by "key compromised"
    settings_checked_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        """Tell whether pages must be tinted."""
        return self.kind == self.Kind.SANDBOX

    @property
    def has_webhooks(self) -> bool:
        """Tell whether the plan includes webhooks (vendor reference, section 4)."""
        return self.plan != self.Plan.STARTER


class Credential(models.Model):
    """A sealed API key of a network. Write-only: no page or command ever shows the key again."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PREVIOUS = "previous", _("Previous")
        COMPROMISED = "compromised", _("Compromised")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="credentials")
    sealed_key = models.BinaryField()
    last_four = models.CharField(max_length=4)
    fingerprint = models.CharField(max_length=12)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    retired_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["network"], condition=models.Q(state="active"), name="one_active_key_per_network"
            )
        ]

    def __str__(self) -> str:
        return f"key …{self.last_four}"


class Inbox(models.Model):
    """Where a network's webhooks arrive: its recipe, once known, and what hangs on it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.OneToOneField(Network, on_delete=models.PROTECT, related_name="inbox")
    # integrations.mobility_work.signature.Recipe as a plain dict, plus the nonce length when pinned; null = unknown.
    recipe = models.JSONField(null=True)
    recipe_pinned_at = models.DateTimeField(null=True)
    # Set whenever secrets or recipe change: unverified and quarantined deliveries are then judged again.
    recheck_wanted_at = models.DateTimeField(null=True)
    recheck_not_before = models.DateTimeField(null=True)  # a worker is at it, or a second look is due then
    recheck_after = models.UUIDField(null=True)  # the last unverified delivery that was judged for this wish
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"inbox of {self.network_id}"


class InboxAddress(models.Model):
    """An unguessable address of an inbox. Sealed so that it can be shown, hashed so that it can be found."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="inbox_addresses")
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="addresses")
    token_hash = models.BinaryField(max_length=32, unique=True)
    sealed_token = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True)  # set when rotated away

    def __str__(self) -> str:
        return f"address of {self.inbox_id}"


class SigningSecret(models.Model):
    """A sealed secret with which the vendor signs webhooks; several may be valid at once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="signing_secrets")
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="secrets")
    sealed_secret = models.BinaryField()
    last_four = models.CharField(max_length=4)
    fingerprint = models.CharField(max_length=12)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    valid_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"secret …{self.last_four}"
