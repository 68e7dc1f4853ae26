"""Serves the control page and takes its forms; every form leads back to the page with a sentence about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox import page
from integrations.sandbox.examples import UnknownEventTypeError
from integrations.sandbox.network import Network
from integrations.sandbox.world import ControlError, World

Act = Callable[[World, Network, FormData], str]


def routes(world: World) -> list[Route]:
    def on(action: str, act: Act) -> Route:
        return Route(f"/networks/{{network_id}}/{action}", _endpoint(world, act), methods=["POST"])

    async def home(request: Request) -> Response:
        notice = request.query_params.get("said", "")
        return HTMLResponse(page.document("Networks", page.home(world), notice=notice))

    async def create(request: Request) -> Response:
        form = await request.form()
        try:
            network = world.put_network(None, {name: str(value) for name, value in form.items()})
        except ControlError as error:
            return _back("/", str(error))
        return _back(f"/networks/{network.id}", "Network created. Its API key is below.")

    async def show(request: Request) -> Response:
        network = _network(world, request)
        content = page.network_page(world, network)
        return HTMLResponse(page.document(network.name, content, notice=request.query_params.get("said", "")))

    return [
        Route("/", home),
        Route("/networks", create, methods=["POST"]),
        Route("/networks/{network_id}", show),
        on("keys", _issue_key),
        on("keys/revoke", _revoke_key),
        on("subscriptions", _subscribe),
        on("send", _send),
        on("trickle", _trickle),
        on("faults", _faults),
        on("settings", _settings),
        on("release", _release),
        on("delete", _delete),
    ]


def _network(world: World, request: Request) -> Network:
    network = world.networks.get(request.path_params["network_id"])
    if network is None:
        raise HTTPException(404)
    return network


def _back(path: str, said: str) -> Response:
    return RedirectResponse(f"{path}?{urlencode({'said': said})}", 303)


def _endpoint(world: World, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        network = _network(world, request)
        try:
            said = act(world, network, await request.form())
        except ControlError as error:
            said = str(error)
        except UnknownEventTypeError as error:
            said = f"There is no event type {error}."
        return _back(f"/networks/{network.id}" if network.id in world.networks else "/", said)

    return endpoint


def _fields(form: FormData) -> dict[str, str]:
    return {name: str(value) for name, value in form.items() if value != ""}


def _issue_key(world: World, network: Network, form: FormData) -> str:
    world.issue_key(network, revoke_others=False)
    return "A further key was issued."


def _revoke_key(world: World, network: Network, form: FormData) -> str:
    world.revoke_key(network, str(form.get("api_key", "")))
    return "The key was revoked."


def _subscribe(world: World, network: Network, form: FormData) -> str:
    events = [str(event) for event in form.getlist("events")]
    if not events:
        raise ControlError("Choose at least one event.")
    url = str(form.get("url", "")).strip()
    world.subscribe(network, url=url, secret=str(form.get("secret", "")).strip(), events=events)
    return f"{len(events)} webhooks {'set' if url else 'ended'}."


def _send(world: World, network: Network, form: FormData) -> str:
    happened = world.send(network, str(form["event"]) if form.get("event") else None)
    return f"{len(happened)} events happened: {', '.join(happened)}."


def _trickle(world: World, network: Network, form: FormData) -> str:
    world.put_trickle(network, _fields(form))
    return f"The live trickle is {'on' if network.settings.trickle else 'off'}."


def _faults(world: World, network: Network, form: FormData) -> str:
    world.set_faults(network, _fields(form))
    return "Faults set."


def _settings(world: World, network: Network, form: FormData) -> str:
    world.change_settings(network, _fields(form))
    return "Settings saved."


def _release(world: World, network: Network, form: FormData) -> str:
    return f"{world.release_held(network)} events released."


def _delete(world: World, network: Network, form: FormData) -> str:
    world.delete_network(network)
    return f"{network.name} was deleted."
