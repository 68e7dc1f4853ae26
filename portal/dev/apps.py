"""App configuration of the development aids."""

from django.apps import AppConfig


class DevConfig(AppConfig):
    name = "portal.dev"
    label = "dev"
