"""Writes mails: one to a person with all that is due, claimed before it is sent.

The side that is chosen: no mail is lost. Whoever sends one holds a lease on it; where a worker dies, the same mail with
the same Message-ID is sent once the lease is over. So a mail comes twice only where a worker dies between the moment at
which the mail server took it and our note of that; mail programs that look at the Message-ID show it once even then.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.accounts.models import User
from portal.lib.ids import new_id
from portal.lib.locks import lock
from portal.lib.moments import zoned_text
from portal.lib.scope import network_scope
from portal.networks.access import Access, access_of
from portal.notifications.kinds import KINDS
from portal.notifications.models import Notice
from portal.notifications.preferences import MAILED, mode_of, zone_of
from portal.notifications.unsubscribing import link_of
from portal.notifications.words import address, details, sentence

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12  # with longer pauses each time: for about a day and a half
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that this worker has claimed."""

    id: UUID
    notices: Sequence[Notice]


def people_with_mail_due() -> dict[UUID, list[UUID]]:
    """Return the people to whom mail is due, and of which networks it speaks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_people_with_mail_due()")
        found: dict[UUID, list[UUID]] = {}
        for user_id, network_id in cursor.fetchall():
            found.setdefault(user_id, []).append(network_id)
    return found


def mail_person(user_id: UUID, network_ids: Sequence[UUID], *, now: datetime) -> bool:
    """Send one mail to a person if one is due; return whether one was sent. Opens scopes itself."""
    person = User.objects.filter(id=user_id, is_active=True).first()
    access = access_of(person) if person else None
    allowed = {network.id for network in access.networks} if access else set()
    for network_id in set(network_ids) - allowed:
        _forget(network_id, user_id)
    if person is None or access is None or not allowed:
        return False
    with access.scope():
        _drop_unwanted(person)
        mail = _claim(person, allowed, now=now)
    if mail is None:
        return False
    try:
        _message(person, access, mail).send()
    except Exception:  # whatever is wrong with it: it is told, and given up after some attempts
        logger.exception("The mail %s could not be sent; it is tried again", mail.id)
        with access.scope():
            _put_back(person, mail, now=now)
        return False
    with access.scope():
        _of(person, mail).update(mailed_at=now, claimed_until=None)
    return True


def _forget(network_id: UUID, user_id: UUID) -> None:
    """Give up mail about a network that the person may not open any more."""
    with network_scope(network_id):
        Notice.objects.filter(network_id=network_id, user_id=user_id, mailed_at=None).update(due_at=None)


def _drop_unwanted(person: User) -> None:
    """Give up mail of kinds that the person no longer wants mailed, also where it waits for a digest already."""
    unwanted = [name for name in KINDS if mode_of(person, name) not in MAILED]
    waiting = Notice.objects.filter(user_id=person.id, due_at__isnull=False, mailed_at=None)
    waiting.filter(kind__in=unwanted).update(due_at=None)


def _claim(person: User, allowed: set[UUID], *, now: datetime) -> Mail | None:
    """Take a mail whose sender is gone, else put all that is due into a new one."""
    if not lock(f"mail to {person.id}", wait=False):
        return None
    due = Notice.objects.filter(
        user_id=person.id, network_id__in=allowed, due_at__isnull=False, due_at__lte=now, mailed_at=None
    )
    left = due.filter(mail_id__isnull=False, claimed_until__lt=now).order_by("id").first()
    if left is not None and left.mail_id:
        mail_id, wanted = left.mail_id, due.filter(mail_id=left.mail_id)
    else:
        mail_id, wanted = new_id(), due.filter(mail_id=None)
    # In the order in which they were written, each by its place: a queryset that is cut cannot be updated.
    notices = list(wanted.order_by("network_id", "id")[:MOST_LINES])
    if not notices:
        return None
    Notice.objects.filter(user_id=person.id, id__in=[notice.id for notice in notices]).update(
        mail_id=mail_id, claimed_until=now + LEASE, attempts=F("attempts") + 1
    )
    return Mail(mail_id, notices)


def _put_back(person: User, mail: Mail, *, now: datetime) -> None:
    attempts = max(notice.attempts for notice in mail.notices) + 1
    if attempts >= MAX_ATTEMPTS:
        logger.error("The mail %s is given up; the bell says all of it", mail.id)
        _of(person, mail).update(due_at=None, claimed_until=None)
    else:
        _of(person, mail).update(claimed_until=now + LEASE * 2 ** min(attempts, 6))


def _of(person: User, mail: Mail) -> QuerySet[Notice]:
    return Notice.objects.filter(user_id=person.id, mail_id=mail.id, mailed_at=None)


def _message(person: User, access: Access, mail: Mail) -> EmailMessage:
    networks = {network.id: network for network in access.networks}
    base = settings.PORTAL_BASE_URL
    preferences = base + reverse("notification_preferences")
    unsubscribe = link_of(person, {notice.kind for notice in mail.notices})
    with translation.override(person.language), timezone.override(zone_of(person)):
        blocks: list[str] = []
        for network_id in dict.fromkeys(notice.network_id for notice in mail.notices):
            lines = [networks[network_id].name]
            for notice in mail.notices:
                if notice.network_id == network_id:
                    when = zoned_text(timezone.localtime(notice.at), seconds=False)
                    lines += [f"– {sentence(notice)} ({when})", *(f"  {line}" for line in details(notice))]
                    lines.append(f"  {base}{address(notice, networks[network_id])}")
            blocks.append("\n".join(lines))
        blocks.append(
            _("Choose what is mailed to you: %(link)s") % {"link": preferences}
            + "\n"
            + _("Stop mails like this one, without signing in: %(link)s") % {"link": unsubscribe}
        )
        subject = _subject(mail, networks[mail.notices[0].network_id].name)
    host = urlsplit(base).hostname or "localhost"
    headers = {
        "Message-ID": f"<{mail.id}@{host}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058: mail programs post this to the address
    }
    return EmailMessage(" ".join(subject.split()), "\n\n".join(blocks), None, [person.email], headers=headers)


def _subject(mail: Mail, network: str) -> str:
    first, others = sentence(mail.notices[0]), len(mail.notices) - 1
    if not others:
        return f"{first} – {network}"
    return ngettext(
        "%(first)s – %(network)s, and %(number)d more", "%(first)s – %(network)s, and %(number)d more", others
    ) % {"first": first, "network": network, "number": others}
