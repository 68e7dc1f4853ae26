"""Builds webhook bodies in the vendor's shape, as far as openapi.yaml knows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]

EVENT_NAMES: tuple[str, ...] = (
    "SparePartWasOutOfStock",
    "SparePartStockWasUnderMinThreshold",
    "SparePartWasManuallyRecounted",
    "SparePartWasRestocked",
    "SparePartWasConsumed",
    "SparePartConsumptionWasCanceled",
    "TaskWasCompleted",
    "TaskWasScheduled",
    "TaskWasCanceled",
    "TaskWasStarted",
    "ActivityWasAddedOnTask",
)
LONG_UNDER_MINIMUM = "SparePartStockWasUnderMinThresholdPayload"


def stamp(at: datetime) -> str:
    """Write a moment as the vendor does: UTC, whole seconds, numeric offset."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def subscription_name(event: str) -> str:
    """Name the subscription that an event belongs to: the longer spelling is no type of its own."""
    return "SparePartStockWasUnderMinThreshold" if event == LONG_UNDER_MINIMUM else event


def encode(body: Body) -> bytes:
    """Minified JSON in UTF-8, the form in which the sandbox sends everything."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def alert(event: str, *, key: str, at: datetime, network_id: str, **objects: Any) -> Body:
    """An event of the old envelope: one optional date and no `_type`."""
    return {
        "_event": event,
        "_idempotencyKey": key,
        "_date": stamp(at),
        "_metadata": None,
        **objects,
        "networkId": network_id,
    }


def act(event: str, *, key: str, at: datetime, sent: datetime, network_id: str, metadata: Any, **objects: Any) -> Body:
    """An event of the newer envelope: `_type`, the time of the act and the time of sending."""
    return {
        "_type": f"{event}Webhook",
        "_event": event,
        "_idempotencyKey": key,
        "_sentAt": stamp(sent),
        "emittedAt": stamp(at),
        "_metadata": metadata,
        **objects,
        "networkId": network_id,
    }


def task_event(event: str, *, key: str, network_id: str, **objects: Any) -> Body:
    """A task event: no envelope times at all."""
    return {"_event": event, "_idempotencyKey": key, **objects, "networkId": network_id}
