"""Time-ordered identifiers (UUID version 7, RFC 9562 section 5.7), made in Python so that a row's id is known first."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUID whose order is the order of creation, to the millisecond."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """Return the UUID before which every id made earlier than `moment` sorts (RFC 9562: 48 bits of milliseconds)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def id_in(text: str) -> UUID | None:
    """Return the UUID that an address holds, None where it holds none."""
    try:
        return UUID(text)
    except ValueError:
        return None
