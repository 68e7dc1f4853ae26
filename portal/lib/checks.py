"""System checks: a wrong configuration is one clear sentence at the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from portal.lib.sealing import Sealer, SealingError


@register()
def sealing_keys(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse sealing keys that cannot seal."""
    try:
        Sealer(settings.PORTAL_SEALING_KEYS)
    except SealingError as error:
        return [
            Error(
                str(error),
                hint="Make one with cryptography.fernet.Fernet.generate_key().",
                id="portal.E001",
            )
        ]
    return []


@register(deploy=True)
def development_aids(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn where the aids of development would be open to the world."""
    if settings.PORTAL_DEV:
        return [
            checks.Warning(
                "PORTAL_DEV is on: the outbox shows every mail, password links included.",
                hint="Unset PORTAL_DEV in production.",
                id="portal.W001",
            )
        ]
    return []


@register(deploy=True)
def separate_roles(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to serve pages as the owner role, for which row-level security does not hold."""
    app, owner = (settings.DATABASES[name].get("USER") for name in ("default", "owner"))
    if app and owner and app == owner and "portal_owner" in app:
        return [
            Error(
                "DATABASE_URL names the owner role, which sees every tenant's rows.",
                hint="Give DATABASE_URL the role portal_app and DATABASE_OWNER_URL the role portal_owner.",
                id="portal.E002",
            )
        ]
    return []
