"""Which servers? The receiver and a page through each of the candidates that are installed (docs/decisions)."""

from __future__ import annotations

import http.client
import statistics
import sys
import threading
import time
from importlib.util import find_spec

from tests.bench.receiving import free_of_ours, receiver_command, send, server
from tests.world import ConnectedNetwork

EVENTS = 10_000
PAGE_THREADS = 16
PAGE_SECONDS = 6.0
SETTINGS = {"DJANGO_SETTINGS_MODULE": "portal.settings"}


def _receivers(port: int) -> dict[str, list[str]]:
    number, factory = str(port), "portal.webhooks.receiver:application"
    return {
        "uvicorn, httptools and uvloop": receiver_command(port),
        "uvicorn, h11 and asyncio": [*receiver_command(port), "--http", "h11", "--loop", "asyncio"],
        "granian": [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", factory, "--port", number,
                    "--no-ws", "--loop", "uvloop", "--log-level", "warning"],
        "hypercorn": [sys.executable, "-m", "hypercorn", f"{factory}()", "--bind", f"127.0.0.1:{number}",
                      "--worker-class", "uvloop"],
    }  # fmt: skip


def _webs(port: int) -> dict[str, list[str]]:
    address, number = f"127.0.0.1:{port}", str(port)
    return {
        "gunicorn, 2 processes of 8 threads": [
            sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", address, "--workers", "2", "--threads", "8",
            "--no-control-socket"],
        "gunicorn, 4 processes": [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", address, "--workers", "4",
            "--no-control-socket"],
        "granian, 2 processes of 8 threads": [
            sys.executable, "-m", "granian", "--interface", "wsgi", "portal.wsgi:application", "--port", number,
            "--workers", "2", "--blocking-threads", "8", "--log-level", "warning"],
    }  # fmt: skip


def compare(place: ConnectedNetwork) -> dict[str, float]:
    """Return rates and 99th percentiles by server; those that are not installed are left out, and named."""
    figures: dict[str, float] = {}
    for name, command in _receivers(port := free_of_ours()).items():
        if _installed(command):
            with server(command, port, SETTINGS):
                result = send(f"http://127.0.0.1:{port}{place.path}", place, EVENTS)
            figures |= {f"receiver on {name}, per second": result.rate, f"receiver on {name}, p99 ms": result.p99_ms}
    for name, command in _webs(port := free_of_ours()).items():
        if _installed(command):
            with server(command, port, SETTINGS):
                rate, p99 = _pages(port)
            figures |= {f"pages on {name}, per second": rate, f"pages on {name}, p99 ms": p99}
    return figures


def _installed(command: list[str]) -> bool:
    if find_spec(command[2]) is None:
        print(f"{command[2]} is not installed: left out", flush=True)
        return False
    return True


def _pages(port: int) -> tuple[float, float]:
    """Ask for the sign-in page from many connections; return answers per second, and the 99th percentile in ms."""
    latencies: list[float] = []
    until = time.perf_counter() + PAGE_SECONDS

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() < until:
            started = time.perf_counter()
            connection.request("GET", "/accounts/login/", headers={"Host": "testserver"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            latencies.append(time.perf_counter() - started)

    threads = [threading.Thread(target=ask) for _ in range(PAGE_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(latencies) / PAGE_SECONDS, statistics.quantiles(latencies, n=100)[98] * 1000
