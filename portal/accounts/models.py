"""People, organizations, and who may do what. These identity tables carry no row-level policy (design section 6)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address, which is compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a new person; without a password they must set one by a link."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a person by address."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("Comfortable")
        COMPACT = "compact", _("Compact")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    language = models.CharField(_("language"), max_length=8, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.AUTO)
    density = models.CharField(_("density"), max_length=12, choices=Density, default=Density.COMFORTABLE)

    # {kind of notice: how the person wants to hear of it}, see portal.notifications; what is usual is left out.
    notify = models.JSONField(default=dict, db_default={}, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the name to greet and list by."""
        return str(self)


class Organization(models.Model):
    """A customer: owns networks, has members."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(unique=True)
    retention_years = models.PositiveSmallIntegerField(_("years of retention"), default=7)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's belonging to one organization: admin of all of it, or roles on some of its networks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    is_admin = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}"


class Role(models.TextChoices):
    """What a member who is no admin may do on one network."""

    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")


class NetworkRole(models.Model):
    """A member's role on one network."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="network_roles")
    network = models.ForeignKey("networks.Network", on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=8, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "network"], name="one_role_per_network")]

    def __str__(self) -> str:
        return f"{self.role} on {self.network_id}"


class Invitation(models.Model):
    """A link sent by e-mail that lets its reader join an organization, once, within its time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    token_hash = models.BinaryField(max_length=32, unique=True)
    is_admin = models.BooleanField(default=False)
    network_roles = models.JSONField(default=dict)  # {network id: role}
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.email} to {self.organization_id}"
