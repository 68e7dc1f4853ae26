"""What the commands on files share: their arguments, and errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError, CommandParser

from integrations.mobility_work.operations import OPERATIONS
from portal.accounts.actors import add_actor_argument
from portal.jobs.drafts import Undecided
from portal.jobs.from_file import UnclearColumns, UnreadableFile
from portal.jobs.submit import NotInPlan
from portal.lib.tabular import TabularError
from portal.networks.models import Network

REFUSED = 2  # exit code: nothing was sent, and a person must act


def add_file_arguments(parser: CommandParser) -> None:
    """Declare the arguments of a command on a file."""
    parser.add_argument("--network", required=True, metavar="SLUG")
    parser.add_argument("--operation", required=True, choices=list(OPERATIONS), metavar="NAME")
    parser.add_argument("--file", required=True)
    parser.add_argument("--json", action="store_true")
    add_actor_argument(parser)


def network_of(slug: str) -> Network:
    """Return the network of a slug. Raises CommandError."""
    network = Network.objects.filter(slug=slug).first()
    if network is None:
        message = f"There is no network with the slug {slug}."
        raise CommandError(message)
    return network


def path_of(name: str) -> Path:
    """Return the path of a file that is there. Raises CommandError."""
    path = Path(name)
    if not path.is_file():
        message = f"{name} is no file."
        raise CommandError(message)
    return path


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a file may be refused for into a sentence and an exit code."""
    try:
        yield
    except UnclearColumns as error:
        message = f"It is not clear what these headings mean: {error}. Choose it once on the page Send."
        raise CommandError(message, returncode=REFUSED) from None
    except Undecided:
        message = "A column that every row needs is not there."
        raise CommandError(message, returncode=REFUSED) from None
    except NotInPlan:
        message = "The plan of the network does not include this operation."
        raise CommandError(message, returncode=REFUSED) from None
    except (TabularError, UnreadableFile) as error:
        raise CommandError(str(error), returncode=REFUSED) from None
