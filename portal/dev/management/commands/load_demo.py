"""Loads the demo and keeps what `make run` tells of it in demo.json."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.dev.demo import load
from portal.dev.up import write_private


class Command(BaseCommand):
    """`manage.py load_demo`"""

    help = "Loads the demo organization with three networks and 90 days of events (development only)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it once."""
        if not settings.PORTAL_DEV:
            raise CommandError("The demo belongs into a development installation: set PORTAL_DEV=1.")
        path = settings.PORTAL_DATA_DIR / "demo.json"
        if path.exists():
            raise CommandError("The demo is loaded already.")
        write_private(path, json.dumps(load()))
