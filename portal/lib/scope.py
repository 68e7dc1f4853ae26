"""The only place that sets which tenants' rows a database transaction may see (design section 6).

Row-level security compares every row with the two settings made here. Nothing set means nothing seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction

NETWORKS = "portal.networks"
ORGANIZATIONS = "portal.organizations"


@contextmanager
def tenant_scope(
    *, networks: Iterable[UUID], organizations: Iterable[UUID] = (), using: str = "default"
) -> Iterator[None]:
    """Run the block in a transaction (or savepoint) that sees exactly these networks and organizations.

    Nesting replaces the scope; leaving the block puts the outer one back. The settings are local to the
    transaction, so that a pooled connection can never carry them to somebody else.
    """
    wanted = (_as_list(networks), _as_list(organizations))
    with transaction.atomic(using=using):
        previous = _read(using)
        _write(using, wanted)
        yield
        # On an exception or a marked rollback the savepoint's end restores the settings; on success we do it.
        if not transaction.get_rollback(using):
            _write(using, previous)


@contextmanager
def network_scope(network_id: UUID, *, using: str = "default") -> Iterator[None]:
    """Run the block in a transaction that sees the rows of one network and of no organization."""
    with tenant_scope(networks=[network_id], using=using):
        yield


def scoped_networks(using: str = "default") -> list[UUID]:
    """Return the networks that the current transaction may see."""
    return [UUID(value) for value in _read(using)[0].split(",") if value]


def _as_list(values: Iterable[UUID]) -> str:
    return ",".join(sorted({str(value) for value in values}))


def _read(using: str) -> tuple[str, str]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(%s, true), ''), coalesce(current_setting(%s, true), '')",
            [NETWORKS, ORGANIZATIONS],
        )
        row = cursor.fetchone()
    return row[0], row[1]


def _write(using: str, values: tuple[str, str]) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, true), set_config(%s, %s, true)",
            [NETWORKS, values[0], ORGANIZATIONS, values[1]],
        )
