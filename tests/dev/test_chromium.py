"""The browser tests run, are skipped loudly, or fail where they are mandatory; never skipped in silence."""

from __future__ import annotations

from pathlib import Path

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
