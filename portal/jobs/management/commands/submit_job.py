"""Checks a file and puts it in line to be sent."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.accounts.actors import actor_of
from portal.jobs import background
from portal.jobs.ending import counts_of
from portal.jobs.from_file import draft_and_check, wait_for_end
from portal.jobs.management.arguments import REFUSED, add_file_arguments, explained, network_of, path_of
from portal.jobs.models import Batch
from portal.jobs.submit import BadRows, NothingToSend, cancel, submit
from portal.lib.scope import network_scope


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
            refused = ""
            try:
                with network_scope(network.id):
                    submit(network, job.id, send_good=options["send_good"], actor=actor, now=timezone.now())
                    background.nudge(background.send, network.id)
            except BadRows as error:
                refused = f"{error.count} rows have errors, so nothing was sent. See them with check_file."
            except NothingToSend:
                refused = "There is no good row, so nothing was sent."
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
