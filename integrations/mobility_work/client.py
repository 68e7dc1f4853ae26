"""Calls to the partner API, and its answers as typed values and errors (vendor reference, sections 1 to 3)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import httpx
from pydantic_core import to_json

from integrations.errors import (
    AccessDenied,
    BadKey,
    FieldError,
    InvalidPayload,
    NothingSent,
    OutcomeUnknown,
    RateLimited,
    UnexpectedAnswer,
    VendorError,
    VendorFault,
)
from integrations.http import CALL_SECONDS, Deadline, vendor_client
from integrations.mobility_work.body import clean
from integrations.spec import Operation

logger = logging.getLogger(__name__)
KEPT_BYTES = 64 * 1024  # of an answer's body
MAX_HEADERS = 50
HIDDEN_HEADERS = frozenset({"api-key", "authorization", "cookie", "set-cookie"})
SETTINGS_PATH = "/partners/v1/network/settings"


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What the vendor says of the network that a key opens. Absent members are "" or None."""

    network_id: UUID
    legacy_network_id: int | None
    name: str
    time_zone: str
    currency: str


def get_network_settings(base_url: str, *, api_key: str, network_name: str = "") -> NetworkSettings:
    """Ask which network a key opens. Raises VendorError."""
    with vendor_client(base_url, api_key=api_key, network_name=network_name) as client:
        response = _send(client, "GET", SETTINGS_PATH, secret=api_key)
    data = _body(response)
    try:
        network_id = UUID(clean(data.get("networkId")))
    except ValueError:
        detail = "the settings hold no network id" if data else "the answer is no JSON object"
        raise UnexpectedAnswer(detail, status=response.status_code, request_id=_request_id(response)) from None
    legacy = data.get("legacyNetworkId")
    zone = clean(data.get("timezone"), 64)
    currency = clean(data.get("currency"), 10)
    return NetworkSettings(
        network_id=network_id,
        legacy_network_id=legacy if type(legacy) is int and 0 <= legacy < 1 << 63 else None,
        name=clean(data.get("name"), 200),
        time_zone=zone if zone in available_timezones() else "",
        currency=currency if len(currency) == 3 and currency.isalpha() else "",
    )


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took a write. It says no more: what took effect is known later, from events."""

    status: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as they went over the wire, without the key; bodies up to KEPT_BYTES."""

    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: bytes
    response_bytes: int  # of the whole body


def body_of(operation: Operation, items: Iterable[dict[str, Any]]) -> bytes:
    """Return the request for some items as minified JSON: a list of them, or the one object where the limit is 1."""
    texts = [to_json(item) for item in items]
    return texts[0] if operation.bulk_limit == 1 else b"[" + b",".join(texts) + b"]"


def send(
    base_url: str,
    operation: Operation,
    body: bytes,
    *,
    api_key: str,
    network_name: str = "",
    seconds: float = CALL_SECONDS,
    on_answer: Callable[[Exchange], None] | None = None,
) -> Accepted:
    """Ask for one operation, with a body made by `body_of`. Raises VendorError.

    `seconds` is the most that the whole call may take; then its outcome is unknown. `on_answer` gets whatever came
    back, good or bad; it is not called where nothing did.
    """
    with vendor_client(base_url, api_key=api_key, network_name=network_name) as client:
        response = _send(
            client, operation.method, operation.path, body, secret=api_key, seconds=seconds, on_answer=on_answer
        )
    return Accepted(response.status_code, _request_id(response))


def _send(
    client: httpx.Client,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    secret: str,
    seconds: float = CALL_SECONDS,
    on_answer: Callable[[Exchange], None] | None = None,
) -> httpx.Response:
    """Send one request; return its 2xx answer. Raises VendorError, from no cause: the cause holds the request.

    `secret` is the key: an error that repeats it is kept and shown without it.
    """
    try:
        headers = {"Content-Type": "application/json"} if body is not None else None
        with Deadline(seconds) as deadline:
            response = client.request(method, path, content=body, headers=headers, extensions=deadline.extensions)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise NothingSent(type(error).__name__) from None
    except httpx.HTTPError as error:
        raise OutcomeUnknown("Deadline" if deadline.was_reached else type(error).__name__) from None
    if deadline.was_reached:  # an answer without a length looks whole wherever it is cut off
        raise OutcomeUnknown("Deadline")
    if on_answer is not None:
        on_answer(_exchange(response, secret))
    logger.info("%s %s answered %s, request id %s", method, path, response.status_code, _request_id(response) or "none")
    if not response.is_success:
        raise error_of(response, json.loads(body) if body is not None else None, secret=secret)
    return response


def _exchange(response: httpx.Response, secret: str) -> Exchange:
    hidden = secret.encode()
    return Exchange(
        request_headers=_shown_headers(response.request.headers, secret),
        response_headers=_shown_headers(response.headers, secret),
        response_body=response.content.replace(hidden, "…".encode())[:KEPT_BYTES],
        response_bytes=len(response.content),
    )


def _shown_headers(headers: httpx.Headers, secret: str) -> dict[str, str]:
    """Return the headers that explain a call; the key is off them by now, and cookies are nobody's business."""
    return {
        name: clean(value.replace(secret, "…"), 500)
        for name, value in list(headers.items())[:MAX_HEADERS]
        if name.lower() not in HIDDEN_HEADERS
    }


def error_of(response: httpx.Response, payload: object = None, *, secret: str = "") -> VendorError:
    """Return the error that an answer to `payload` stands for, with `secret` taken out of whatever it says."""
    status, request_id = response.status_code, _request_id(response)
    body = _body(response, without=secret)
    message = clean(body.get("message"))
    if status == 400:
        errors = parse_errors(body, payload)
        return InvalidPayload(message, status=status, request_id=request_id, errors=errors)
    if status == 429:
        after = _seconds(response.headers.get("Retry-After", ""))
        return RateLimited(message, status=status, request_id=request_id, retry_after=after)
    kinds: dict[int, type[VendorError]] = {401: BadKey, 403: AccessDenied}
    kind = kinds.get(status, VendorFault if status >= 500 else UnexpectedAnswer)
    return kind(message, status=status, request_id=request_id)


def parse_errors(body: dict[str, Any], payload: object = None) -> tuple[FieldError, ...]:
    """Return the errors named in a 400 body. What fits no known form becomes a global error, never nothing."""
    extended = body.get("extended_message")
    if not isinstance(extended, dict):
        return ()
    found = [_field_error("", detail, payload) for detail in _listed(extended.get("global_errors"))]
    by_pointer = extended.get("property_errors")
    if not isinstance(by_pointer, dict):  # PHP writes an empty map as an array
        return (*found, *(_field_error("", detail, payload) for detail in _listed(by_pointer)))
    for pointer, details in by_pointer.items():
        found += [_field_error(pointer, detail, payload) for detail in _listed(details) or [{}]]
    return tuple(found)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None or value == {} else [value]


def _field_error(pointer: str, detail: Any, payload: object) -> FieldError:
    row, path = _target(pointer, payload)
    if not isinstance(detail, dict):
        return FieldError(row, path, clean(detail), pointer=clean(pointer))
    parameters = detail.get("parameters")
    return FieldError(
        row=row,
        path=path,
        message_key=clean(detail.get("messageKey")),
        parameters=parameters if isinstance(parameters, dict) else {},
        pointer=clean(pointer),
    )


def _target(pointer: str, payload: object) -> tuple[int | None, tuple[str, ...]]:
    """Return the row and the property path of a JSON pointer, or (None, ()) when it leads to nothing that was sent."""
    if not pointer.startswith("/"):
        return None, ()
    first, *rest = [segment.replace("~1", "/").replace("~0", "~") for segment in pointer[1:].split("/")]
    if not isinstance(payload, list):
        return None, (first, *rest)
    if first.isascii() and first.isdigit() and len(first) < 10 and int(first) < len(payload):
        return int(first), tuple(rest)
    return None, ()


def _seconds(retry_after: str) -> int | None:
    """Return a Retry-After header, which may be a number or a date, as seconds from now."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0, round((moment - datetime.now(UTC)).total_seconds())) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _body(response: httpx.Response, *, without: str = "") -> dict[str, Any]:
    """Return the JSON object of an answer, or {} when it is something else."""
    try:
        data = json.loads(response.text.replace(without, "…") if without else response.text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _request_id(response: httpx.Response) -> str:
    return clean(response.headers.get("Request-Id", ""), 100)
