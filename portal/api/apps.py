"""The read API: tokens of organizations, and routes that answer with what the portal knows."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "portal.api"
    label = "api"
