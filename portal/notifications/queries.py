"""What a person's bell and page of notices show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from portal.networks.access import Access
from portal.networks.models import Network
from portal.notifications.kinds import KINDS, Kind
from portal.notifications.models import Notice
from portal.notifications.words import sentence

SHOWN = 20
PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One notice, ready to be shown."""

    notice: Notice
    network: Network
    kind: Kind
    sentence: str


def unseen(access: Access) -> list[Line]:
    """Return the latest notices that the person has not seen, of networks that they may open now.

    A page that says no is made inside a transaction that is already given up; it shows none.
    """
    if not access.networks or transaction.get_connection().needs_rollback:
        return []
    with access.scope():
        return _lines(access, list(_mine(access).filter(seen_at=None, in_bell=True).order_by("-id")[:SHOWN]))


def page_of(access: Access, *, before: UUID | None) -> tuple[list[Line], UUID | None]:
    """Return one page of a person's notices, newest first, and where the next begins. Needs the scope."""
    notices = _mine(access)
    if before:
        notices = notices.filter(id__lt=before)
    page = list(notices.order_by("-id")[: PAGE + 1])
    return _lines(access, page[:PAGE]), page[PAGE - 1].id if len(page) > PAGE else None


def mark_seen(access: Access, *, now: datetime, notice_id: UUID | None = None) -> int:
    """Take one notice of the person, or all, out of the bell; return how many. Needs the scope."""
    notices = _mine(access).filter(seen_at=None)
    if notice_id:
        notices = notices.filter(id=notice_id)
    return notices.update(seen_at=now)


def _mine(access: Access) -> QuerySet[Notice]:
    return Notice.objects.filter(user_id=access.user.id, network_id__in=[network.id for network in access.networks])


def _lines(access: Access, notices: list[Notice]) -> list[Line]:
    networks = {network.id: network for network in access.networks}
    return [
        Line(notice, networks[notice.network_id], KINDS[notice.kind], sentence(notice))
        for notice in notices
        if notice.kind in KINDS
    ]
