"""A pytest plugin that finds Chromium for the browser tests, and says loudly when they cannot run."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Error, sync_playwright

MARK = "PORTAL_TEST_BROWSER"
CLOSE_SECONDS = 20

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


class Chromium:
    """A browser that is closed within a bounded time, whatever it does.

    Playwright waits without end for everything that holds an output of the browser. Crash handlers leave the browser's
    process tree and may live on, so all that was started is known by a mark in its environment.
    """

    def __init__(self) -> None:
        self._launch()

    def _launch(self) -> None:
        self._mark = uuid.uuid4().hex
        self._killed = False
        os.environ[MARK] = self._mark
        try:
            with ExitStack() as opened:
                playwright = opened.enter_context(sync_playwright())
                self._browser = playwright.chromium.launch(executable_path=executable(), args=arguments())
                self._opened = opened.pop_all()  # a browser that does not start leaves no driver behind
        finally:
            del os.environ[MARK]

    def living(self) -> Browser:
        """Return the browser; a fresh one if the last had to be killed."""
        if self._killed or not self._browser.is_connected():
            self.close()
            self._launch()
        return self._browser

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Let what is closed inside take its time, then kill the browser and Playwright's driver."""
        over = threading.Event()

        def watch() -> None:
            if not over.wait(CLOSE_SECONDS):
                self._killed = True
                for process in self.processes():
                    with suppress(psutil.NoSuchProcess):  # it went with another
                        process.kill()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except Error as gone:
            if not self._killed:
                raise
            print(f"The browser had to be killed: {gone}")
        finally:
            over.set()
            watcher.join()

    def processes(self) -> list[psutil.Process]:
        """Return the driver and every process of the browser that runs now."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) != self._mark:
                    continue
                found |= {one.pid: one for one in (process, *process.children(recursive=True))}
            except psutil.Error:
                continue
        return list(found.values())

    def close(self) -> None:
        """Close the browser and Playwright's driver."""
        with self.closing():
            if not self._killed:
                self._browser.close()
        with self.closing():
            self._opened.close()


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
