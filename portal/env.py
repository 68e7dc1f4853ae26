"""Reads the environment once, and says in one sentence what is missing or wrong."""

from __future__ import annotations

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PORTAL_DATA_DIR") or BASE_DIR / ".data").resolve()

env = environ.Env()


def load_run_environment() -> None:
    """Take over the environment of a `make run` beside us, unless one is given.

    Lets `manage.py` commands work in a second terminal with nothing set (design section 5). Values that are
    set already win.
    """
    if "DATABASE_URL" in os.environ:
        return
    for name in (BASE_DIR / ".env", DATA_DIR / "env"):
        if name.is_file():
            environ.Env.read_env(str(name), overwrite=False)


def required(name: str, *, hint: str) -> str:
    """Return the value of `name`; raise ImproperlyConfigured with `hint` when it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        message = f"{name} is not set. {hint}"
        raise ImproperlyConfigured(message)
    return value
