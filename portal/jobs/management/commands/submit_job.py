"""Checks a file and puts it in line to be sent."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actors import actor_of
from portal.accounts.models import User
from portal.jobs import background
from portal.jobs.ending import counts_of
from portal.jobs.from_file import draft_and_check, wait_for_end
from portal.jobs.holding import count_held, hold_moved
from portal.jobs.management.arguments import REFUSED, add_file_arguments, explained, network_of, path_of
from portal.jobs.models import Batch, Job
from portal.jobs.submit import BadRows, MovedMeanwhile, NothingToSend, cancel, submit
from portal.jobs.typed import with_cells
from portal.lib.scope import network_scope
from portal.networks.models import Network


class Command(BaseCommand):
    """`manage.py submit_job --network SLUG --operation NAME --file F [--send-good] [--wait] [--json]`"""

    help = "Checks a file and sends it; with errors in it nothing is sent, unless --send-good."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        add_file_arguments(parser)
        parser.add_argument("--send-good", action="store_true", help="send the good rows and hold the others back")
        parser.add_argument("--wait", action="store_true", help="until the job has ended or needs a person")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it."""
        network, actor = network_of(options["network"]), actor_of(options["actor"])
        with explained():
            job = draft_and_check(network, options["operation"], path_of(options["file"]), actor=actor)
            refused = self._submit(network, job, actor, send_good=options["send_good"])
            if refused:
                with network_scope(network.id):
                    cancel(network, job.id, actor=actor, now=timezone.now())
                raise CommandError(refused, returncode=REFUSED)
        if options["wait"]:
            wait_for_end(network, job)
        with network_scope(network.id):
            job.refresh_from_db(fields=["state"])
            result = {
                "job": str(job.id),
                "state": job.state,
                "requests": Batch.objects.filter(network_id=network.id, job_id=job.id).count(),
                "rows": {state.value: count for state, count in counts_of(network.id, job.id).items()},
            }
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            for name, value in result.items():
                self.stdout.write(f"{name}: {value}")

    def _submit(self, network: Network, job: Job, actor: User | str, *, send_good: bool) -> str:
        """Put the job in line; return why nothing was sent, empty where it was."""
        while True:
            try:
                with network_scope(network.id):
                    submit(network, job.id, send_good=send_good, actor=actor, now=timezone.now())
                    background.nudge(background.send, network.id)
            except MovedMeanwhile as error:
                if not send_good:
                    return _why(0, error.count)
                # Held back like all other rows that need a person; what moves after that holds more of them.
                with_cells(job, lambda typed: hold_moved(network, job.id, typed=typed, actor=actor, now=timezone.now()))
            except BadRows as error:
                with network_scope(network.id):
                    moved = count_held(network.id, job.id)
                return _why(error.count - moved, moved)
            except NothingToSend:
                return "There is no good row, so nothing was sent."
            else:
                return ""


def _why(bad: int, moved: int) -> str:
    """Return why rows keep a job from being sent: they have errors, or their part moved since the sheet was made."""
    said = [f"{bad} rows have errors. See them with check_file."] if bad else []
    if moved:
        said.append(
            f"{moved} rows are about parts that moved since the count sheet was made. Upload it on the page Send, and "
            "say for each: keep the count, add what moved to it, or leave the row out."
        )
    return f"Nothing was sent: {' '.join(said)} With --send-good the other rows are sent."
