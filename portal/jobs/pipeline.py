"""FLOW 2, the line itself: claim a batch, call the vendor, store what came back. Each step has its own transaction."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from integrations.errors import VendorError
from integrations.mobility_work.client import send_body
from portal.jobs.claim import Claim, claim_next, key_in_use
from portal.jobs.models import Batch, Job
from portal.jobs.settle import Outcome, settle, settle_lost
from portal.jobs.states import JobState
from portal.lib.scope import network_scope
from portal.lib.sealing import sealer
from portal.networks.models import Credential, Network

logger = logging.getLogger(__name__)


def send_next(network_id: UUID) -> bool:
    """Send one batch of a network; return whether there was one. No transaction is open while the vendor is asked."""
    with network_scope(network_id):
        settle_lost(network_id, now=timezone.now())
        network = Network.objects.get(id=network_id)
        credential = key_in_use(network_id)
        if credential is None or network.sending_stopped_at is not None:
            _pause_all(network, Job.Pause.SENDING_STOPPED if network.sending_stopped_at else Job.Pause.NO_KEY)
            return False
        claim = claim_next(network, now=timezone.now())
    if claim is None:
        return False
    outcome = _call(claim, credential)
    with network_scope(network_id):
        if not settle(claim, outcome, now=timezone.now()):
            logger.warning("The answer to call %s came after its lease: it was settled as unknown", claim.call_id)
        _note_use(credential, outcome)
    return True


def _call(claim: Claim, credential: Credential) -> Outcome:
    """Ask the vendor. The key is opened here and nowhere else on the line."""
    try:
        return send_body(
            settings.MOBILITY_WORK_API_URL,
            claim.operation,
            claim.body,
            api_key=sealer().open(credential.sealed_key),
            network_name=claim.network.name,
        )
    except VendorError as error:
        logger.info("Call %s of network %s ended with %s", claim.call_id, claim.network.slug, type(error).__name__)
        return error


def _note_use(credential: Credential, outcome: Outcome) -> None:
    now = timezone.now()
    refused = isinstance(outcome, VendorError) and outcome.status == 401
    words = f"{type(outcome).__name__}: {outcome.user_message}" if isinstance(outcome, VendorError) and refused else ""
    used = Credential.objects.filter(id=credential.id)
    if refused:
        used.update(last_used_at=now, last_error=words[:500], last_error_at=now)
    else:
        used.update(last_used_at=now)


def _pause_all(network: Network, reason: Job.Pause) -> None:
    """Pause what waits while nothing may be sent: a person has to act first."""
    idle = Job.objects.filter(network_id=network.id, state__in=[JobState.QUEUED, JobState.SENDING])
    sending = Batch.objects.filter(network_id=network.id, state=Batch.State.SENDING).values("job_id")
    idle.exclude(id__in=sending).update(state=JobState.PAUSED, pause=reason)
