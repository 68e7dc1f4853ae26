"""Time-ordered identifiers (UUID version 7, RFC 9562 section 5.7), made in Python so that a row's id is known first."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUID whose order is the order of creation, to the millisecond."""
    return uuid7()
