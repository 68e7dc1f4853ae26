"""The one way to remove evidence: by the owner role, within retention (see `portal.lib.policies.immutable`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

OWNER = "owner"  # the connection of the role that may


@contextmanager
def within_retention() -> Iterator[CursorWrapper]:
    """Run the block in a transaction of the owner in which evidence may be removed; give its cursor."""
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT set_config('portal.retention', 'on', true)")
        yield cursor
        cursor.execute("SELECT set_config('portal.retention', '', true)")
