"""A running product and a real Chromium for the browser tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from portal.dev.preflight import free_ports
from tests.chromium import Chromium

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run the whole product on ports and data of its own; yield what run.json says."""
    data = tmp_path_factory.mktemp("product")
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {"PORTAL_DATA_DIR": str(data), "PORT": str(free_ports(3)), "PYTHONUNBUFFERED": "1"}
    with (data / "up.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.dev.up"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (data / "run.json").exists():
            said = (data / "up.log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
        yield json.loads((data / "run.json").read_text())
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One Chromium for all tests of a file."""
    started = Chromium()
    yield started
    started.close()


@pytest.fixture
def browser(chromium: Chromium) -> Browser:
    """A browser that answers."""
    return chromium.living()


@pytest.fixture
def context(chromium: Chromium, browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile."""
    made = browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["clipboard-write"])
    yield made
    with chromium.closing():
        made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts and policy may raise nothing."""
    made = context.new_page()
    trouble: list[str] = []
    made.on("pageerror", lambda error: trouble.append(str(error)))
    made.on(
        "console",
        lambda message: trouble.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield made
    assert "\n".join(trouble) == ""


def sign_in(page: Page, product: dict[str, Any], role: str) -> None:
    """Sign in as the demo person whose role begins with `role`."""
    login = next(item for item in product["logins"] if item["role"].startswith(role))
    page.goto(product["portal_url"] + "/accounts/login/")
    page.fill("[name=login]", login["email"])
    page.fill("[name=password]", login["password"])
    page.click("main form button.btn-primary")
    page.wait_for_url(product["portal_url"] + "/")


def faults_of(page: Page, path: str, *, width: int) -> list[str]:
    """Return what is wrong with the page that is open: wider than the window, or a serious fault of accessibility."""
    found = []
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append(f"{path} is wider than {width}")
    violations = Axe().run(page).response["violations"]
    found += [
        f"{path}: {item['id']} at {item['nodes'][0]['html'][:150]}"
        for item in violations
        if item["impact"] in {"serious", "critical"}
    ]
    return found
