"""The requests of a job as they are sent: exact bytes, and the same as a cURL command. Never with the key."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations.http import user_agent
from integrations.mobility_work.client import body_of
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Operation
from portal.jobs.models import Batch, Call, Job, Row
from portal.jobs.states import RowState
from portal.networks.models import Network

INLINE = 2_000  # bytes of a body that stand in the command itself
KEY = "$MOBILITY_WORK_API_KEY"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a job."""

    number: int
    items: list[dict[str, Any]]
    body: bytes
    was_sent: bool
    is_as_sent: bool  # the bytes are those of its last call; rows may have been taken out of a repeat since


def request_of(job: Job, number: int) -> Request | None:
    """Return a request, from 1; before a job is submitted, as it would be. Needs the network's scope."""
    operation = OPERATIONS[job.operation]
    if not 0 < number <= job.rows:
        return None
    rows = Row.objects.filter(network_id=job.network_id, job_id=job.id, item__isnull=False).order_by("number")
    if Batch.objects.filter(network_id=job.network_id, job_id=job.id).exists():
        rows = rows.filter(batch=number)
    else:
        first = (number - 1) * operation.bulk_limit
        rows = rows.filter(state=RowState.READY)[first : first + operation.bulk_limit]
    found = list(rows.values_list("number", "item"))
    items: list[dict[str, Any]] = [item for _row, item in found if item]
    if operation.echo and job.submitted_at is None:
        items = [
            {**item, operation.echo: {**(item.get(operation.echo) or {}), "portal": _echo(job, row)}}
            for row, item in found
            if item
        ]
    if not items:
        return None
    body = body_of(operation, items)
    call = Call.objects.filter(network_id=job.network_id, job_id=job.id, batch=number).order_by("-id").first()
    digest = bytes(call.request_digest) if call else b""
    return Request(number, items, body, call is not None, digest == hashlib.sha256(body).digest())


def _echo(job: Job, row: int) -> dict[str, Any]:
    """Return what will come back in events; the nonce is made as the job is submitted."""
    return {"job": str(job.id), "row": row, "nonce": "…"}


def curl_of(network: Network, operation: Operation, request: Request) -> str:
    """Return a command that sends the same; the key comes from the environment of whoever runs it."""
    data = (
        shlex.quote(request.body.decode())
        if len(request.body) <= INLINE
        else shlex.quote(f"@{file_name(operation, request)}")
    )
    lines = [
        f"curl --request {operation.method} {shlex.quote(settings.MOBILITY_WORK_API_URL + operation.path)}",
        f'--header "Api-Key: {KEY}"',
        "--header 'Content-Type: application/json'",
        "--header 'Accept: application/json'",
        f"--user-agent {shlex.quote(user_agent(network.name))}",
        f"--data-binary {data}",
    ]
    return " \\\n  ".join(lines)


def file_name(operation: Operation, request: Request) -> str:
    """Return the name under which a request is taken away."""
    return f"{operation.name}-{request.number}.json"
