"""One command brings up the whole product, tells scripts where it is, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.dev.preflight import free_ports, port_is_free

ROOT = Path(__file__).resolve().parents[2]
KEPT = {"PATH", "HOME", "LANG", "USER", "VIRTUAL_ENV"}
pytestmark = [pytest.mark.integration, pytest.mark.timeout(300), pytest.mark.xdist_group("run")]


@dataclass
class Product:
    """A running product."""

    process: subprocess.Popen[str]
    data: Path
    environment: dict[str, str]
    log: Path

    def told(self) -> dict[str, Any]:
        """Return what run.json says."""
        told: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return told


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Start the product with nothing set but its ports and its folder."""
    folder = tmp_path_factory.mktemp("run")
    log = folder / "output"
    environment = {name: value for name, value in os.environ.items() if name in KEPT}
    environment |= {"PORTAL_DATA_DIR": str(folder / "data"), "PORT": str(free_ports(3))}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.dev.up"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    deadline = time.monotonic() + 180
    while "Ctrl-C stops everything" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    yield Product(process, folder / "data", environment, log)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert log.read_text().endswith("Stopping ...\nStopped.\n"), log.read_text()
    assert "starting it again" not in log.read_text(), "a process died during the run"
    assert all(port_is_free(int(environment["PORT"]) + offset) for offset in range(3))
    assert not (folder / "data" / "run.json").exists()
    home = folder / "data" / "postgres-home"  # as root the database lives elsewhere
    if home.exists():
        shutil.rmtree(home.read_text())


def test_the_output_and_run_json_say_where_everything_is(product: Product) -> None:
    port = int(product.environment["PORT"])
    told = product.told()
    output = product.log.read_text()

    assert f"Portal ready: http://localhost:{port}\n" in output
    assert told["portal_url"] == f"http://localhost:{port}"
    assert told["sandbox_url"] == f"http://localhost:{port + 1}"
    assert told["receiver_url"] == f"http://localhost:{port + 2}"
    assert told["database_url"].startswith("postgresql://portal_app:")
    assert told["broker_url"].startswith("redis://")
    assert told["organization"]
    assert len(told["logins"]) >= 3
    for login in told["logins"]:
        assert re.search(rf"{login['email']}\s+{login['password']}", output)
    assert len(told["networks"]) == 3
    for network in told["networks"]:
        assert network["hook_url"].startswith(f"http://localhost:{port + 2}/hooks/")
        assert {"name", "slug", "webhook_secret"} <= set(network)


def test_what_holds_secrets_is_for_our_eyes_only(product: Product) -> None:
    for name in ("run.json", "env", "secrets.json", "demo.json"):
        assert stat.S_IMODE((product.data / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(product.data.stat().st_mode) == 0o700


def test_every_process_answers(product: Product) -> None:
    told = product.told()
    for url in (told["portal_url"] + "/readyz", told["receiver_url"] + "/readyz", told["networks"][0]["hook_url"]):
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
            assert answer.status == 200


def test_commands_beside_it_need_no_environment(product: Product) -> None:
    bare = {name: value for name, value in product.environment.items() if name != "PORT"}
    asked = "from portal.networks.models import Network; print('networks', Network.objects.count())"

    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", asked],
        cwd=ROOT,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "networks 3" in done.stdout, done.stderr
