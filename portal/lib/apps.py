"""App configuration: a label for migrations and template tags; this app has no models."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "portal.lib"
    label = "lib"
