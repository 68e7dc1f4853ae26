"""FLOW 2, the line itself: claim a batch, call the vendor, store what came back. Each step has its own transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from integrations.errors import BadKey, VendorError
from integrations.mobility_work.client import Accepted, Exchange, send
from portal.jobs.claim import Claim, claim_next
from portal.jobs.models import Batch, Job
from portal.jobs.release import OtherRelease, refuse_other_release
from portal.jobs.settle import Outcome, settle, settle_lost
from portal.jobs.states import JobState
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.keys import key_in_use, note_accepted, note_refused
from portal.networks.models import Network

logger = logging.getLogger(__name__)


def send_next(network_id: UUID) -> bool:
    """Send one batch of a network; return whether there was one. No transaction is open while the vendor is asked."""
    try:
        refuse_other_release()
    except OtherRelease as error:
        logger.error("Nothing is sent: %s", error)
        return False
    with network_scope(network_id):
        settle_lost(network_id, now=timezone.now())
        network = Network.objects.get(id=network_id)
        key = key_in_use(network)
        if key is None or network.sending_stopped_at is not None:
            _pause_all(network, Job.Pause.SENDING_STOPPED if network.sending_stopped_at else Job.Pause.NO_KEY)
            return False
        api_key = sealer().open(key.sealed_key)  # before anything is claimed: one that cannot be opened sends nothing
        claim = claim_next(network, now=timezone.now())
    if claim is None:
        return False
    answers: list[Exchange] = []
    outcome = _call(claim, api_key, answers.append)
    with network_scope(network_id):
        if not settle(claim, outcome, answers[0] if answers else None, now=timezone.now()):
            logger.warning("The answer to call %s came after its lease: it was settled as unknown", claim.call_id)
        if isinstance(outcome, BadKey):
            note_refused(network, key, outcome)
        elif isinstance(outcome, Accepted):
            note_accepted(key)
    return True


def _call(claim: Claim, api_key: str, on_answer: Callable[[Exchange], None]) -> Outcome:
    """Ask the vendor."""
    try:
        return send(
            settings.MOBILITY_WORK_API_URL,
            claim.operation,
            claim.body,
            api_key=api_key,
            network_name=claim.network.name,
            seconds=settings.PORTAL_CALL_SECONDS,
            on_answer=on_answer,
        )
    except VendorError as error:
        logger.info("Call %s of network %s ended with %s", claim.call_id, claim.network.slug, type(error).__name__)
        return error


def _pause_all(network: Network, reason: Job.Pause) -> None:
    """Pause what waits while nothing may be sent: a person has to act first."""
    idle = Job.objects.filter(network_id=network.id, state__in=[JobState.QUEUED, JobState.SENDING])
    sending = Batch.objects.filter(network_id=network.id, state=Batch.State.SENDING).values("job_id")
    idle.exclude(id__in=sending).update(state=JobState.PAUSED, pause=reason)
