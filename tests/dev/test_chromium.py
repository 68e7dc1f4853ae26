"""The browser tests run, are skipped loudly, or fail where they are mandatory; never skipped in silence."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from tests import chromium

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A little suite with one browser test, on a machine without Chromium."""
    monkeypatch.setenv("PORTAL_CHROMIUM", "no-such-browser")
    monkeypatch.delenv("PORTAL_BROWSER_TESTS", raising=False)
    pytester.makeini("[pytest]\nmarkers = browser: x\n")
    pytester.makepyfile("import pytest\n@pytest.mark.browser\ndef test_page(): pass\ndef test_other(): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return pytester


def run(suite: pytest.Pytester) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "tests.chromium", "-p", "no:django", "-p", "no:randomly")


def test_without_chromium_they_are_skipped_loudly(suite: pytest.Pytester) -> None:
    result = run(suite)

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*BROWSER TESTS SKIPPED*", "1 browser tests were skipped. No Chromium was found*"])


def test_where_they_are_mandatory_a_missing_chromium_is_an_error(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_BROWSER_TESTS", "required")

    result = run(suite)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*No Chromium was found*"])


def test_a_chromium_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my-browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PORTAL_CHROMIUM", str(program))

    assert chromium.executable() == str(program)


@pytest.mark.browser
@pytest.mark.parametrize("part", ["crashpad", ""], ids=["a crash handler hangs", "all of it hangs"])
def test_a_browser_that_hangs_is_closed_all_the_same(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "CLOSE_SECONDS", 1)
    started = chromium.Chromium()
    context = started.living().new_context()
    context.new_page()
    everything = started.processes()
    for process in everything:
        if part in process.name():
            process.send_signal(signal.SIGSTOP)

    with started.closing():
        context.close()
    assert started.living().new_context().pages == []
    started.close()

    assert psutil.wait_procs(everything, timeout=10)[1] == []
