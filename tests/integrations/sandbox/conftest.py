"""A sandbox and a webhook receiver, both real HTTP servers on ports of their own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from integrations.sandbox import app
from integrations.sandbox.world import World


class RunningSandbox:
    def __init__(self, directory: Path) -> None:
        self.app = app.build(directory)
        self.world: World = self.app.state.world
        config = uvicorn.Config(self.app, port=0, log_level="warning", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: self.server.started)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=10)

    def control(self, method: str, path: str, **body: Any) -> Any:
        response = self.http.request(method, f"/control/api{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def network(self, **wanted: Any) -> dict[str, Any]:
        """A network without delays, so that tests need not wait."""
        settings = {"event_delay": 0, "retry_intervals": [0.05, 0.1], **wanted.pop("settings", {})}
        made: dict[str, Any] = self.control("POST", "/networks", settings=settings, **wanted)
        return made

    def call(self, network: dict[str, Any], method: str, path: str, content: Any = None) -> httpx.Response:
        return self.http.request(method, f"/partners/v1/{path}", headers={"Api-Key": network["api_key"]}, json=content)

    def deliveries(self, network: dict[str, Any]) -> list[dict[str, Any]]:
        """Oldest first."""
        found: list[dict[str, Any]] = self.http.get(
            f"/control/api/networks/{network['id']}/deliveries?limit=500"
        ).json()
        return found[::-1]

    def stop(self) -> None:
        self.http.close()
        self.server.should_exit = True
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()


@dataclass
class Receiver:
    """Takes webhooks; answers the statuses that it is told to, then 200."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]

    @property
    def names(self) -> list[str]:
        return [event["_event"] for event in self.events]


def wait_for(condition: Callable[[], object], seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = taken.answers.pop(0) if taken.answers else 200
            taken.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}/hooks/token/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield taken
    server.shutdown()
    server.server_close()
