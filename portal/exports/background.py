"""Celery entry points of exports: nudges only; what is to be written is in PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from portal.exports.write import due, remove_expired, write_export

NUDGE_SECONDS = 30  # an older message says nothing that the sweep does not say


@shared_task
def write(export_id: str) -> None:
    """Write one export, if it is still to be written."""
    for key, networks, organizations in due():
        if key == UUID(export_id):
            write_export(key, networks, organizations)


@shared_task
def sweep() -> None:
    """Find exports that wait, and remove those whose time is over."""
    for key, _networks, _organizations in due():
        write.apply_async(args=(str(key),), expires=NUDGE_SECONDS)
    remove_expired()
