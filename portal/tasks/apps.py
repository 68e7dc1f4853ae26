"""The projection of tasks: where each stands, and since when."""

from __future__ import annotations

from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "portal.tasks"
    label = "tasks"
