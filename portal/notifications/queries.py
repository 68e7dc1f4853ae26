"""What a person's bell and page of notices show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilters:
    """Whose notices are listed, of which networks that they may open, and of which kind; "" = of every kind."""

    person: UUID
    networks: Sequence[Network]
    kind: str = ""


def unseen(access: Access) -> list[Line]:
    """Return the latest notices that the person has not seen, of networks that they may open now.

    A page that says no is made inside a transaction that is already given up; it shows none.
    """
    if not access.networks or transaction.get_connection().needs_rollback:
        return []
    with access.scope():
        return _lines(
            access.networks, list(_mine(access).filter(seen_at=None, in_bell=True).order_by("-at", "-id")[:SHOWN])
        )


def page_of(filters: NoticeFilters, *, before: UUID | None, size: int = PAGE) -> tuple[list[Line], UUID | None]:
    """Return one page of a person's notices, what happened last first, and where the next begins. Needs the scope."""
    notices = _of(filters.person, filters.networks)
    if filters.kind:
        notices = notices.filter(kind=filters.kind)
    if before:
        at = _of(filters.person, filters.networks).filter(id=before).values_list("at", flat=True).first()
        if at is None:  # removed meanwhile for its age, and with it all that is older
            return [], None
        notices = notices.filter(Q(at__lt=at) | Q(at=at, id__lt=before))
    page = list(notices.order_by("-at", "-id")[: size + 1])
    return _lines(filters.networks, page[:size]), page[size - 1].id if len(page) > size else None


def mark_seen(access: Access, *, now: datetime, notice_id: UUID | None = None) -> int:
    """Take one notice of the person, or all, out of the bell; return how many. Needs the scope."""
    notices = _mine(access).filter(seen_at=None)
    if notice_id:
        notices = notices.filter(id=notice_id)
    return notices.update(seen_at=now)


def _mine(access: Access) -> QuerySet[Notice]:
    return _of(access.user.id, access.networks)


def _of(person: UUID, networks: Sequence[Network]) -> QuerySet[Notice]:
    return Notice.objects.filter(user_id=person, network_id__in=[network.id for network in networks])


def _lines(networks: Sequence[Network], notices: list[Notice]) -> list[Line]:
    by_id = {network.id: network for network in networks}
    return [
        Line(notice, by_id[notice.network_id], KINDS[notice.kind], sentence(notice))
        for notice in notices
        if notice.kind in KINDS
    ]
