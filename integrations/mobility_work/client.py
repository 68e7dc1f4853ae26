"""Calls to the partner API, and its answers as typed values and errors (vendor reference, sections 1 to 3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import httpx

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
from integrations.http import vendor_client
from integrations.mobility_work.body import clean

logger = logging.getLogger(__name__)
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
    if not api_key.isascii() or not api_key.isprintable() or not api_key or " " in api_key:
        raise BadKey("the key holds characters that no API key has")
    with vendor_client(base_url, api_key=api_key, network_name=network_name) as client:
        response = _send(client, "GET", SETTINGS_PATH)
    data = _json(response)
    try:
        network_id = UUID(str(data["networkId"]))
    except (KeyError, TypeError, ValueError):
        raise UnexpectedAnswer(
            "the settings hold no network id", status=response.status_code, request_id=_request_id(response)
        ) from None
    legacy = data.get("legacyNetworkId")
    zone = clean(data.get("timezone"), 64)
    currency = clean(data.get("currency"), 10)
    return NetworkSettings(
        network_id=network_id,
        legacy_network_id=legacy if isinstance(legacy, int) and not isinstance(legacy, bool) else None,
        name=clean(data.get("name"), 200),
        time_zone=zone if zone in available_timezones() else "",
        currency=currency if len(currency) == 3 and currency.isalpha() else "",
    )


def _send(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """Send one request; return its 2xx answer. Raises VendorError, from no cause: a cause would hold the key."""
    try:
        response = client.request(method, path)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise NothingSent(type(error).__name__) from None
    except httpx.HTTPError as error:
        raise OutcomeUnknown(type(error).__name__) from None
    logger.info("%s %s answered %s, request id %s", method, path, response.status_code, _request_id(response) or "none")
    if not response.is_success:
        raise error_of(response)
    return response


def error_of(response: httpx.Response) -> VendorError:
    """Return the error that an answer stands for."""
    status, request_id = response.status_code, _request_id(response)
    if status == 400:
        errors = parse_errors(response)
        return InvalidPayload(_message(response), status=status, request_id=request_id, errors=errors)
    if status == 429:
        after = response.headers.get("Retry-After", "")
        retry_after = int(after) if after.isascii() and after.isdigit() else None
        return RateLimited(_message(response), status=status, request_id=request_id, retry_after=retry_after)
    kinds: dict[int, type[VendorError]] = {401: BadKey, 403: AccessDenied}
    kind = kinds.get(status, VendorFault if status >= 500 else UnexpectedAnswer)
    return kind(_message(response), status=status, request_id=request_id)


def parse_errors(response: httpx.Response) -> tuple[FieldError, ...]:
    """Return the errors named in a 400 body; a pointer of no known form becomes a global error, never nothing."""
    try:
        extended = response.json().get("extended_message") or {}
        global_errors, by_pointer = extended.get("global_errors") or [], extended.get("property_errors") or {}
    except (ValueError, AttributeError):
        return ()
    found = [_field_error("", detail) for detail in global_errors if isinstance(detail, dict)]
    if isinstance(by_pointer, dict):
        for pointer, details in by_pointer.items():
            for detail in details if isinstance(details, list) else [details]:
                found.append(_field_error(str(pointer), detail if isinstance(detail, dict) else {}))
    return tuple(found)


def _field_error(pointer: str, detail: dict[str, Any]) -> FieldError:
    segments = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    row = int(segments.pop(0)) if segments and segments[0].isascii() and segments[0].isdigit() else None
    parameters = detail.get("parameters")
    return FieldError(
        row=row,
        path="/".join(segments) if pointer.startswith("/") else pointer,
        message_key=clean(detail.get("messageKey")),
        parameters=parameters if isinstance(parameters, dict) else {},
    )


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        data = response.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise UnexpectedAnswer(
            "the answer is no JSON object", status=response.status_code, request_id=_request_id(response)
        )
    return data


def _message(response: httpx.Response) -> str:
    try:
        return clean(response.json().get("message"))
    except (ValueError, AttributeError):
        return ""


def _request_id(response: httpx.Response) -> str:
    return clean(response.headers.get("Request-Id", ""), 100)
