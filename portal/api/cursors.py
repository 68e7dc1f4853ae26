"""Where a page ends and the next begins, as text that a client passes on without looking into it.

A cursor is bytes in hex. Whatever somebody makes of it by hand, it is a place in the order of a list: some page of the
same list comes back, never another tenant's and never an error of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from portal.networks.models import Network

ID = 16  # bytes of an id
KEY = 27  # bytes of an order key
NUMBER = 4
WORDS = "Where the page begins: part of the address that `next` gave. Pass it on as it is."


def _cursor(least: int, most: int) -> object:
    return Field(pattern=f"^([0-9a-f]{{2}}){{{least},{most}}}$", description=WORDS, examples=None)


# By what they hold: bytes at least, bytes at most.
EventCursor = Annotated[str, _cursor(KEY + ID, KEY + ID)]
IdCursor = Annotated[str, _cursor(ID, ID)]
KeyCursor = Annotated[str, _cursor(KEY, KEY)]
NumberCursor = Annotated[str, _cursor(NUMBER, NUMBER)]
TextCursor = Annotated[str, _cursor(0, 900)]
NetworkTextCursor = Annotated[str, _cursor(ID, ID + 900)]
GapCursor = Annotated[str, _cursor(ID + KEY, ID + KEY + 900)]


def text_of(raw: bytes) -> str:
    """Return bytes as text that a column may be compared with."""
    return raw.decode("utf-8", "replace").replace("\0", "")


def two_texts(raw: bytes) -> tuple[str, str]:
    """Return the two texts that a cursor holds, with a zero byte between them."""
    first, _, second = raw.partition(b"\0")
    return text_of(first), text_of(second)


def begins(networks: Sequence[Network], cursor: str) -> tuple[list[UUID], bytes]:
    """Return the networks from which a list ordered by network still has rows, and what follows the id in the cursor.

    That rest is the place in the first of these networks, if the cursor speaks of it; b"" if it begins anew.
    """
    ids = sorted(network.id for network in networks)
    if not cursor:
        return ids, b""
    raw = bytes.fromhex(cursor)
    place, rest = UUID(bytes=raw[:ID]), raw[ID:]
    return [each for each in ids if each >= place], rest if place in ids else b""
