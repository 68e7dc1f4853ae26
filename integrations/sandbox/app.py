"""Puts the sandbox together: vendor surface, control surface, control page and background work."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from integrations.sandbox import control, page_forms, vendor
from integrations.sandbox.courier import Courier
from integrations.sandbox.store import Store
from integrations.sandbox.world import World

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


async def _guard(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Another site's page in the developer's browser may neither steer the sandbox nor frame it."""
    if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") in (
        "cross-site",
        "same-site",
    ):
        return PlainTextResponse("Refused: the request comes from another site.", 403)
    response = await call_next(request)
    if request.url.path.startswith("/partners/"):
        return response
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def build(directory: Path) -> Starlette:
    """The whole sandbox as one ASGI application, its state in the directory."""
    # The client logs every address it calls at INFO, and an inbox address is a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    world = World(Store(directory))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        courier = Courier(world)
        await courier.start()
        try:
            yield
        finally:
            await courier.stop()
            world.store.close()

    app = Starlette(
        routes=[
            *vendor.routes(world),
            *control.routes(world),
            *page_forms.routes(world),
            Mount("/static", StaticFiles(directory=Path(__file__).with_name("static"))),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=_guard)],
        exception_handlers={HTTPException: vendor.error_page},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.world = world
    return app
