"""Reads the audit trail, newest first; row-level security leaves out what the reader may not see."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from portal.trail.actions import ACTIONS
from portal.trail.models import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilters:
    """What the trail is narrowed to; empty = everything."""

    action: str = ""
    person: str = ""  # a part of the address
    network_id: UUID | None = None


def trail_page(filters: TrailFilters, *, before: UUID | None, size: int) -> tuple[list[Entry], UUID | None]:
    """Return one page of the trail, and where the next one begins. Ids are in the order of time."""
    entries = Entry.objects.order_by("-id")
    if filters.action in ACTIONS:
        entries = entries.filter(action=filters.action)
    if filters.person:
        entries = entries.filter(actor__icontains=filters.person[:200].replace("\0", ""))
    if filters.network_id:
        entries = entries.filter(network_id=filters.network_id)
    if before:
        entries = entries.filter(id__lt=before)
    page = list(entries[: size + 1])
    return page[:size], page[size - 1].id if len(page) > size else None
