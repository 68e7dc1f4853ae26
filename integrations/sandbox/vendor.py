"""The vendor's own surface: network settings and the write endpoints, with its answers and error bodies."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox import contract, effects
from integrations.sandbox.contract import Refusal, VendorOperation
from integrations.sandbox.network import Network
from integrations.sandbox.world import World

_LARGEST_BODY = 32 * 1024 * 1024
Endpoint = Callable[[Request], Awaitable[Response]]


def answer(status: int, content: object, headers: dict[str, str] | None = None) -> Response:
    """Minified JSON with a request id, as on every answer of the vendor."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {"Request-Id": secrets.token_hex(5), **(headers or {})}
    return Response(body, status, headers, media_type="application/json")


def error(
    status: int,
    code: str,
    message: str,
    *,
    refusal: Refusal | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    refusal = refusal or Refusal([], {})
    body = {
        "http_status_code": status,
        "code": code,
        "message": message,
        "extended_message": {
            "global_errors": refusal.global_errors,
            "property_errors": refusal.property_errors,
        },
        "more_info_url": None,
    }
    return answer(status, body, headers)


def error_page(request: Request, exception: Exception) -> Response:
    """404 and 405 in the vendor's form."""
    if not isinstance(exception, HTTPException):
        raise exception
    status = exception.status_code
    headers = dict(exception.headers or {})
    return error(status, f"{status}000", HTTPStatus(status).phrase, headers=headers)


def routes(world: World) -> list[Route]:
    return [
        Route(operation.path, _endpoint(world, operation), methods=[operation.method])
        for operation in contract.operations().values()
    ]


def _endpoint(world: World, operation: VendorOperation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        network = world.by_key(request.headers.get("api-key", ""))
        if network is None:
            return _invalid_key()
        lost = False
        if network.faults.calls > 0:
            network.faults.calls -= 1
            world.store.save_network(network)
            lost = network.faults.call == "lost_answer"
            if not lost:
                return await _fault(network)
        response = await _serve(world, network, operation, request)
        if lost:
            # The write has taken effect; only its answer never arrives.
            await asyncio.sleep(network.faults.seconds)
        return response

    return endpoint


def _invalid_key() -> Response:
    detail = {"messageKey": "Invalid Api Key.", "parameters": {}}
    return error(401, "401001", "Authentication error", refusal=Refusal([detail], {}))


async def _fault(network: Network) -> Response:
    kind, seconds = network.faults.call, network.faults.seconds
    if kind == "401":
        return _invalid_key()
    if kind == "429":
        retry_after = {"Retry-After": str(max(1, round(min(seconds, 5))))}
        return error(429, "429000", "Too many requests", headers=retry_after)
    if kind == "503":
        return Response("Service unavailable", 503, {"Request-Id": secrets.token_hex(5)}, media_type="text/html")
    if kind == "timeout":
        await asyncio.sleep(seconds)
    return error(500, "500000", "Internal error")


async def _serve(world: World, network: Network, operation: VendorOperation, request: Request) -> Response:
    if network.plan not in operation.plans:
        return error(403, "403001", "Access denied")
    if operation.name == contract.SETTINGS:
        return answer(200, network.vendor_settings())
    if int(request.headers.get("content-length") or 0) > _LARGEST_BODY:
        return error(413, "413000", "Payload too large")
    try:
        value = json.loads(await request.body(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        detail = {"messageKey": "The request body is not valid JSON.", "parameters": {}}
        return error(400, "400001", "The request body cannot be read.", refusal=Refusal([detail], {}))
    refusal = operation.refusal(value) or effects.unknown_references(
        world.plant(network), operation.name, value, unknown_parts=network.settings.unknown_parts
    )
    if refusal:
        return error(400, "400044", "The request payload is not valid.", refusal=refusal)
    world.accept(network, operation.name, value)
    return answer(operation.success, None)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
