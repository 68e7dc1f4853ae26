"""The support bundle of a call: everything that the vendor's support asks for, without any secret."""

from __future__ import annotations

from django.conf import settings

from integrations.mobility_work.operations import OPERATIONS
from portal.jobs.models import Call, Job
from portal.networks.models import Network
from portal.networks.scrub import scrub

KEPT = 64 * 1024  # bytes of a request's body that stay with the call
WIDTH = 22


def bundle_of(network: Network, job: Job, call: Call) -> str:
    """Return the bundle as text, in English: the vendor reads it. Needs the network's scope."""
    facts = {
        "Network": f"{network.name} ({network.vendor_network_id})",
        "Operation": OPERATIONS[job.operation].name,
        "Request": f"{call.method} {settings.MOBILITY_WORK_API_URL}{call.path}",
        "Request-Id": call.request_id or "none came back",
        "Began (UTC)": f"{call.started_at:%Y-%m-%d %H:%M:%S.%f}",
        "Ended (UTC)": f"{call.ended_at:%Y-%m-%d %H:%M:%S.%f}" if call.ended_at else "no end is known",
        "Took (seconds)": f"{(call.ended_at - call.started_at).total_seconds():.3f}" if call.ended_at else "–",
        "Outcome": call.outcome or "under way",
        "Status": str(call.status or "none"),
        "Said": call.detail or "–",
        "Job, request, attempt": f"{job.id}, {call.batch}, {call.attempt}",
        "Request body": f"{call.request_bytes} bytes, SHA-256 {bytes(call.request_digest).hex()}",
        "Response body": f"{call.response_bytes} bytes",
    }
    parts = [
        "\n".join(f"{name + ':':<{WIDTH}} {value}" for name, value in facts.items()),
        _section("Request headers", _headers(call.request_headers)),
        _section(_beginning("Request body", call.request_body, call.request_bytes), _text(call.request_body)),
        _section("Response headers", _headers(call.response_headers)),
        _section(_beginning("Response body", call.response_body, call.response_bytes), _text(call.response_body)),
    ]
    return scrub(network, "\n\n".join(parts) + "\n")


def _section(title: str, text: str) -> str:
    return f"--- {title}\n{text or '(empty)'}"


def _beginning(title: str, kept: bytes | memoryview, size: int) -> str:
    return title if len(kept) >= size else f"{title}, the first {len(kept)} of {size} bytes"


def _headers(headers: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def _text(body: bytes | memoryview) -> str:
    return bytes(body).decode("utf-8", "backslashreplace").replace("\0", "\\x00")
