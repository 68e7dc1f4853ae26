"""A pytest plugin that finds Chromium for the browser tests, and says loudly when they cannot run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
MISSING = (
    "No Chromium was found, so the browser tests cannot run. Debian and Ubuntu: sudo apt install chromium. "
    "Elsewhere: .venv/bin/python -m playwright install chromium, and set PORTAL_CHROMIUM to the program."
)


def executable() -> str | None:
    """Return the path of a Chromium: the one in PORTAL_CHROMIUM, or the first that is installed."""
    wanted = os.environ.get("PORTAL_CHROMIUM")
    if wanted:
        return shutil.which(wanted)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or (str(MAC) if MAC.exists() else None)


def arguments() -> list[str]:
    """Return Chromium's command line options; as root it refuses to run in its own sandbox."""
    return ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else ["--disable-dev-shm-usage"]


def required() -> bool:
    """Tell whether a missing Chromium is an error (as in continuous integration)."""
    return os.environ.get("PORTAL_BROWSER_TESTS") == "required"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no Chromium, unless they are mandatory."""
    browser = [item for item in items if item.get_closest_marker("browser")]
    if not browser or executable():
        return
    if required():
        raise pytest.UsageError(MISSING)
    for item in browser:
        item.add_marker(pytest.mark.skip(reason="no Chromium"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat at the very end what was left out."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "no Chromium" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("BROWSER TESTS SKIPPED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} browser tests were skipped. {MISSING}", red=True)
