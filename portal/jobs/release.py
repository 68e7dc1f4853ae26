"""Sends nothing where another release has the database: what one has under way, the other might not know of.

The migrations of jobs tell releases apart. A release that changes what rows, batches or calls mean brings one, if need
be without an operation.
"""

from __future__ import annotations

import pkgutil
from functools import cache

from django.db.migrations.recorder import MigrationRecorder

from portal.jobs import migrations


class OtherRelease(Exception):
    """The database belongs to another release; `str()` says which side has to be changed."""


@cache
def known_migrations() -> frozenset[str]:
    """Return the migrations that this release brings."""
    return frozenset(each.name for each in pkgutil.iter_modules(migrations.__path__))


def refuse_other_release() -> None:
    """Raise OtherRelease where the database was migrated by a later release, or not yet by this one."""
    applied = set(MigrationRecorder.Migration.objects.filter(app="jobs").values_list("name", flat=True))
    # Only what is newer than all that is known here: a name that was given up says nothing.
    if later := {name for name in applied if name > max(known_migrations())}:
        message = f"The database belongs to a later release ({max(later)}). Stop this worker and start that one."
        raise OtherRelease(message)
    if missing := known_migrations() - applied:
        message = f"The database is not migrated ({min(missing)}). Run manage.py migrate --database owner."
        raise OtherRelease(message)
