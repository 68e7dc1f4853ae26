"""Links that stop mails without a session: signed, for this one purpose, for one person and the kinds of one mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from portal.accounts.models import User
from portal.notifications.kinds import KINDS, Kind, Mode
from portal.notifications.preferences import MAILED, mode_of, set_modes

SALT = "portal.notifications.unsubscribing"  # no other signature of ours opens this door
VALID = timedelta(days=400)


class BadLink(Exception):
    """The link was changed, is too old, or belongs to nobody any more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose mails of which kinds a link stops."""

    person: User
    kinds: tuple[Kind, ...]


def link_of(person: User, kinds: Iterable[str]) -> str:
    """Return the whole address of the page that stops mails of these kinds to a person."""
    token = signing.dumps([str(person.id), sorted(set(kinds))], salt=SALT)
    return str(settings.PORTAL_BASE_URL) + reverse("unsubscribe", args=[token])


def read_link(token: str) -> Wish:
    """Return what a link asks for. Raises BadLink."""
    try:
        person_id, names = signing.loads(token, salt=SALT, max_age=VALID)
    except signing.BadSignature as error:
        raise BadLink from error
    person = User.objects.filter(id=UUID(person_id), is_active=True).first()
    if person is None:
        raise BadLink
    return Wish(person, tuple(KINDS[name] for name in names if name in KINDS))


def stop_mails(wish: Wish) -> None:
    """Mail no more of these kinds: they stay in the bell. What a person had turned off stays off."""
    modes = {name: mode_of(wish.person, name) for name in KINDS}
    stopped = {kind.name: Mode.APP for kind in wish.kinds if modes[kind.name] in MAILED}
    set_modes(wish.person, {**modes, **stopped})
