"""Support bundles of calls and of requests: everything that the vendor's support asks for, without any secret."""

from __future__ import annotations

from collections import Counter

from django.conf import settings
from django.db.models import Count

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.states import RowState
from portal.lib.support_text import KEPT, body, facts, headers, moment, section
from portal.networks.models import Network
from portal.networks.scrub import scrub

__all__ = ["KEPT", "bundle_of", "bundle_of_batch"]
CALLS = 20  # the latest of a request; a call that waits for its time is made again for an hour at most


def bundle_of(network: Network, job: Job, call: Call) -> str:
    """Return the bundle of one call. Needs the network's scope."""
    return scrub(network, f"{facts(_about(network, job))}\n{_call(call)}\n")


def bundle_of_batch(network: Network, job: Job, batch: Batch) -> str:
    """Return the bundle of one request with every call that was made for it. Needs the network's scope."""
    mine = {"network_id": network.id, "job_id": job.id, "batch": batch.number}
    # While a request is under way its rows are being sent, though none of them says so.
    states: Counter[str] = Counter()
    for state, count in Row.objects.filter(**mine).values_list("state").annotate(Count("number")).order_by("state"):
        is_sent = state == RowState.QUEUED and batch.state == Batch.State.SENDING
        states[RowState.SENDING if is_sent else state] += count
    found = list(Call.objects.filter(**mine).order_by("-id")[:CALLS])
    made = Call.objects.filter(**mine).count()
    about = _about(network, job) | {
        "Job, request": f"{job.id}, {batch.number}",
        "Request is": batch.state,
        "Rows": ", ".join(f"{count} {state}" for state, count in states.items()) or "none",
        "Calls": str(made) if made <= CALLS else f"{made}, the latest {CALLS} below",
    }
    said = _said(network, job, batch)
    parts = [facts(about), *([section("Rows that were refused", said)] if said else [])]
    parts += [f"===== Call {call.attempt}\n{_call(call)}" for call in reversed(found)]
    return scrub(network, "\n\n".join(parts) + "\n")


def _about(network: Network, job: Job) -> dict[str, str]:
    about = {
        "Network": f"{network.name} ({network.vendor_network_id})",
        "Operation": OPERATIONS[job.operation].name,
    }
    if job.content_removed_at:
        about["Bodies and headers"] = f"removed {moment(job.content_removed_at)}, kept for {job.kept_years} years"
    return about


def _said(network: Network, job: Job, batch: Batch) -> str:
    """Return what the vendor said of rows, as it said it: pointers into the body and keys of messages."""
    rows = Row.objects.filter(network_id=network.id, job_id=job.id, batch=batch.number).exclude(errors=[])
    return "\n".join(
        f"row {number}: {each.get('pointer') or '/'.join(each.get('path') or [])} {each.get('key') or ''}"
        f" {each.get('parameters') or ''}".rstrip()
        for number, errors in rows.order_by("number").values_list("number", "errors")[:CALLS]
        for each in errors
    )


def _call(call: Call) -> str:
    about = {
        "Request": f"{call.method} {settings.MOBILITY_WORK_API_URL}{call.path}",
        "Request-Id": call.request_id or "none came back",
        "Began (UTC)": moment(call.started_at),
        "Ended (UTC)": moment(call.ended_at, absent="no end is known"),
        "Took (seconds)": f"{(call.ended_at - call.started_at).total_seconds():.3f}" if call.ended_at else "–",
        "Outcome": call.outcome or "under way",
        "Status": str(call.status or "none"),
        "Said": call.detail or "–",
        "Job, request, attempt": f"{call.job_id}, {call.batch}, {call.attempt}",
        "Request body": f"{call.request_bytes} bytes, SHA-256 {bytes(call.request_digest).hex()}",
        "Response body": f"{call.response_bytes} bytes",
    }
    parts = [
        facts(about),
        headers("Request headers", call.request_headers),
        body("Request body", call.request_body, call.request_bytes),
        headers("Response headers", call.response_headers),
        body("Response body", call.response_body, call.response_bytes),
    ]
    return "\n\n".join(parts)
