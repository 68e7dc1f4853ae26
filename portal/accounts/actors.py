"""Who acts when a command runs: the person named by `--as`, or the command line itself."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from portal.accounts.models import User
from portal.trail.record import COMMAND_LINE


def add_actor_argument(parser: CommandParser) -> None:
    """Let a command take `--as EMAIL`."""
    parser.add_argument("--as", dest="actor", metavar="EMAIL", help="the person that the audit trail names")


def actor_of(email: str | None) -> User | str:
    """Return the person, or "command line". Raises CommandError for an unknown address."""
    if not email:
        return COMMAND_LINE
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        message = f"Nobody here has the address {email}."
        raise CommandError(message)
    return user
