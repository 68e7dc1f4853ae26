"""App configuration."""

from django.apps import AppConfig


class ExploreConfig(AppConfig):
    name = "portal.explore"
    label = "explore"
