"""App configuration: a label for migrations, template tags and checks; this app has no models."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "portal.lib"
    label = "lib"

    def ready(self) -> None:
        """Register the system checks."""
        from portal.lib import checks  # noqa: F401, PLC0415
