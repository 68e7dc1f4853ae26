"""App configuration."""

from django.apps import AppConfig


class TimelineConfig(AppConfig):
    name = "portal.timeline"
    label = "timeline"
