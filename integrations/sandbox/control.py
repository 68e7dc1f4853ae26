"""The JSON control surface: how tests, the demo and the control page steer the sandbox.

Networks are named by the vendor's network id; every path starts with `/control/api`. Bodies and answers are JSON; a
wrong wish is a 400 `{"error": "…"}`.

GET    /health
GET    /networks                      all networks, with keys, subscriptions, settings, faults, counts
POST   /networks                      {name, timezone, currency, plan, language} -> the network, `api_key` in it
PUT    /networks/{id}                 said twice, done once: the same members, and api_key, plant (slug of a
                                      demo plant), story_start, story_end, settings {…}, trickle {on, per_minute},
                                      subscriptions {url, secret, events}
GET    /networks/{id}
DELETE /networks/{id}
POST   /networks/{id}/keys            {revoke_others: false} -> {api_key}
DELETE /networks/{id}/keys            {api_key}
PUT    /networks/{id}/subscriptions   {url, secret?, events?}; no events = all 11; url "" = ends them
POST   /networks/{id}/send            {event?}; no event = one of each -> {events: [names]}
PUT    /networks/{id}/trickle         {on, per_minute?}
PUT    /networks/{id}/settings        {event_delay, retry_intervals, call_timeout, recipe,
                                      unknown_parts (drop | refuse | create)}
PUT    /networks/{id}/faults          {call (500 | 503 | 429 | 401 | timeout | lost_answer), calls, seconds} for the
                                      next so many API calls; {unsigned, stale, twice, shuffle, hold_back}: for the
                                      next so many webhooks; what is held back is a gap until it is released
POST   /networks/{id}/release         send now what was held back -> {released}
GET    /networks/{id}/deliveries?limit=50     newest first: event, body, state, answers
GET    /networks/{id}/plant           parts, equipments, people, locations, open tasks

A network with `plant` continues that demo plant from the end of its story (`story_end`, default the moment of the
first PUT; `story_start`, default 90 days before it), so its stock chains go on where the loaded history stops.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.examples import UnknownEventTypeError
from integrations.sandbox.network import Network
from integrations.sandbox.world import ControlError, World

Act = Callable[[World, Network, dict[str, Any]], object]


def describe(world: World, network: Network) -> dict[str, Any]:
    """A network with its keys and secrets in clear: handing them out is what the sandbox is for."""
    return {
        **network.as_row(),
        "network_id": network.id,
        "api_key": network.keys[-1] if network.keys else None,
        "deliveries": world.store.counts(network.id),
    }


def describe_plant(world: World, network: Network) -> dict[str, Any]:
    plant = world.plant(network)
    return {
        "parts": [{**asdict(part), "total": part.total} for part in plant.parts.values()],
        "equipments": [asdict(machine) for machine in plant.machines.values()],
        "people": [asdict(person) for person in plant.people.values()],
        "locations": [asdict(place) for place in plant.places.values()],
        "tasks": [asdict(task) for task in plant.tasks.values()],
    }


def routes(world: World) -> list[Route]:
    def on(path: str, method: str, act: Act) -> Route:
        return Route(f"/control/api/networks/{{network_id}}{path}", _endpoint(world, act), methods=[method])

    async def networks(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse([describe(world, network) for network in world.networks.values()])
        return await _answer(request, lambda body: describe(world, world.put_network(None, body)))

    async def put(request: Request) -> Response:
        network_id = request.path_params["network_id"]
        return await _answer(request, lambda body: describe(world, world.put_network(network_id, body)))

    async def health(request: Request) -> Response:
        return JSONResponse({"ok": True})

    return [
        Route("/control/api/health", health),
        Route("/control/api/networks", networks, methods=["GET", "POST"]),
        Route("/control/api/networks/{network_id}", put, methods=["PUT"]),
        on("", "GET", lambda world, network, body: describe(world, network)),
        on("", "DELETE", _delete),
        on("/keys", "POST", _issue_key),
        on("/keys", "DELETE", _revoke_key),
        on("/subscriptions", "PUT", _subscribe),
        on("/send", "POST", _send),
        on("/trickle", "PUT", _trickle),
        on("/settings", "PUT", _settings),
        on("/faults", "PUT", _faults),
        on("/release", "POST", lambda world, network, body: {"released": world.release_held(network)}),
        on("/plant", "GET", lambda world, network, body: describe_plant(world, network)),
        on("/deliveries", "GET", _deliveries),
    ]


def _endpoint(world: World, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        network = world.networks.get(request.path_params["network_id"])
        if network is None:
            return JSONResponse({"error": "There is no such network."}, 404)
        return await _answer(request, lambda body: act(world, network, {**request.query_params, **body}))

    return endpoint


async def _answer(request: Request, act: Callable[[dict[str, Any]], object]) -> Response:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
        if not isinstance(body, dict):
            raise ControlError("Send a JSON object.")
        return JSONResponse(act(body))
    except UnknownEventTypeError as error:
        return JSONResponse({"error": f"There is no event type {error}."}, 400)
    except json.JSONDecodeError:
        return JSONResponse({"error": "Send JSON."}, 400)
    except ControlError as error:
        return JSONResponse({"error": str(error)}, 400)


def _delete(world: World, network: Network, body: dict[str, Any]) -> object:
    world.delete_network(network)
    return {"deleted": network.id}


def _issue_key(world: World, network: Network, body: dict[str, Any]) -> object:
    return {"api_key": world.issue_key(network, revoke_others=bool(body.get("revoke_others")))}


def _revoke_key(world: World, network: Network, body: dict[str, Any]) -> object:
    world.revoke_key(network, str(body.get("api_key", "")))
    return {"keys": len(network.keys)}


def _subscribe(world: World, network: Network, body: dict[str, Any]) -> object:
    world.put_subscriptions(network, body)
    return describe(world, network)


def _send(world: World, network: Network, body: dict[str, Any]) -> object:
    return {"events": world.send(network, body.get("event"))}


def _trickle(world: World, network: Network, body: dict[str, Any]) -> object:
    world.put_trickle(network, body)
    return describe(world, network)


def _settings(world: World, network: Network, body: dict[str, Any]) -> object:
    world.change_settings(network, body)
    return describe(world, network)


def _faults(world: World, network: Network, body: dict[str, Any]) -> object:
    world.set_faults(network, body)
    return describe(world, network)


def _deliveries(world: World, network: Network, body: dict[str, Any]) -> object:
    limit = body.get("limit", 50)
    if not str(limit).isdecimal():
        raise ControlError("limit is a number.")
    limit = min(max(int(limit), 1), 500)
    return [asdict(delivery) for delivery in world.store.recent(network.id, limit)]
