"""`make run`: brings up the whole product on embedded engines, and stops all of it again (docs/running.md)."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import psycopg

from portal.dev.engines import (
    DatabaseUrls,
    EngineError,
    Postgres,
    Valkey,
    bootstrap_roles,
    start_postgres,
    start_valkey,
)
from portal.dev.leftovers import remove_state, stop_all
from portal.dev.preflight import LEFTOVER_SECONDS, CannotRun, RunLock, check_ports, port_is_free
from portal.dev.supervisor import Child, Supervisor, die_with_parent

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("portal_owner", "portal_app", "portal_receiver")
DATABASE_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_RECEIVER_URL")
READY_SECONDS = 60
DEMO_BEGUN = "demo-begun"  # exists while the demo is being loaded


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


def data_dir() -> Path:
    """Return the folder of all state."""
    return Path(os.environ.get("PORTAL_DATA_DIR") or ROOT / ".data").resolve()


def kept_secrets(data: Path) -> dict[str, str]:
    """Return the generated secrets of this installation, made at the first start."""
    path = data / "secrets.json"
    if not path.exists():
        from cryptography.fernet import Fernet

        made = {role: secrets.token_urlsafe(24) for role in ROLES}
        made |= {"SECRET_KEY": secrets.token_urlsafe(50), "PORTAL_SEALING_KEYS": Fernet.generate_key().decode()}
        write_private(path, json.dumps(made))
    loaded: dict[str, str] = json.loads(path.read_text())
    return loaded


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by us alone."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    partial.replace(path)


def environment(
    data: Path, *, port: int, urls: DatabaseUrls | None, broker: str, kept: dict[str, str]
) -> dict[str, str]:
    """Return what the product's processes need; what is set outside already wins."""
    made = {
        "PORTAL_DEV": "1",
        "PORTAL_DATA_DIR": str(data),
        "SECRET_KEY": kept["SECRET_KEY"],
        "PORTAL_SEALING_KEYS": kept["PORTAL_SEALING_KEYS"],
        "BROKER_URL": broker,
        "EMAIL_URL": f"filemail://{data / 'outbox'}",
        "PORTAL_BASE_URL": f"http://localhost:{port}",
        "PORTAL_HOOKS_BASE_URL": f"http://localhost:{port + 2}",
        "PORTAL_SANDBOX_URL": f"http://localhost:{port + 1}",
        "MOBILITY_WORK_API_URL": f"http://127.0.0.1:{port + 1}",
    }
    if urls is not None:
        made |= {"DATABASE_URL": urls.app, "DATABASE_OWNER_URL": urls.owner, "DATABASE_RECEIVER_URL": urls.receiver}
    given = {name: os.environ[name] for name in DATABASE_NAMES if name in os.environ}
    return {name: os.environ.get(name, value) for name, value in made.items()} | given


def children(port: int, data: Path, full: dict[str, str]) -> list[Child]:
    """Return the processes of a run, in the order of starting."""
    local = ["--host", "127.0.0.1", "--port"]
    commands = {
        "sandbox": ["integrations.sandbox", *local, str(port + 1), "--data", str(data / "sandbox")],
        "receiver": ["uvicorn", "--factory", "portal.webhooks.receiver:application", *local, str(port + 2),
                     "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "5"],
        "web": ["gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8",
                "--graceful-timeout", "4", "--log-level", "warning", "--no-control-socket"],
        "worker": ["celery", "-A", "portal", "worker", "--pool", "threads", "--concurrency", "4",
                   "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        "beat": ["celery", "-A", "portal", "beat", "--loglevel", "WARNING", "--pidfile", ""],
    }  # fmt: skip
    return [
        Child(name, [sys.executable, "-m", *command], data / "logs" / f"{name}.log", full)
        for name, command in commands.items()
    ]


def wait_until(url: str, *, supervisor: Supervisor, seconds: float = READY_SECONDS) -> None:
    """Return when `url` answers 200; raise CannotRun when it does not in time, or a process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        refuse_the_dead(supervisor)
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    message = f"{url} did not answer within {seconds:.0f} seconds. The logs are in {data_dir() / 'logs'}."
    raise CannotRun(message)


def refuse_the_dead(supervisor: Supervisor) -> None:
    """Raise CannotRun with the last lines of its log when a process ended while starting."""
    for child in supervisor.dead():
        last = "\n".join(child.log.read_text(errors="replace").splitlines()[-5:])
        message = f"The process {child.name} ended while starting. The last lines of {child.log}:\n{last}"
        raise CannotRun(message)


class Run:
    """One run of the product, from the engines to the last child."""

    def __init__(self, port: int, *, after_a_kill: bool = False) -> None:
        self.after_a_kill = after_a_kill
        self.port = port
        self.data = data_dir()
        self.supervisor = Supervisor(say=say)
        self.engines: list[Postgres | Valkey] = []
        self.began = time.monotonic()

    def step(self, text: str) -> None:
        """Say what was done and how long the run has taken so far."""
        say(f"  {time.monotonic() - self.began:5.1f} s  {text}")

    def bring_up(self) -> None:
        """Start everything; return when it is ready. Raises CannotRun or EngineError."""
        check_ports(self.port, patience=LEFTOVER_SECONDS if self.after_a_kill else 0)
        (self.data / "static").mkdir(exist_ok=True)  # where settings look for collected files
        kept = kept_secrets(self.data)
        urls = None
        if "DATABASE_URL" not in os.environ:
            postgres = start_postgres(self.data)
            self.engines.append(postgres)
            self._forget_half_a_demo(postgres)
            urls = bootstrap_roles(
                postgres.superuser_dsn, database="portal", passwords={role: kept[role] for role in ROLES}
            )
            self.step("PostgreSQL is running")
        broker = os.environ.get("BROKER_URL", "")
        if not broker:
            valkey = start_valkey(self.data)
            self.engines.append(valkey)
            broker = valkey.url
            self.step("Valkey is running")
        made = environment(self.data, port=self.port, urls=urls, broker=broker, kept=kept)
        write_private(self.data / "env", "".join(f"{name}={value}\n" for name, value in made.items()))
        full = os.environ | made | {"DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONUNBUFFERED": "1"}
        self._manage(full, "migrate", "--database", "owner", "--verbosity", "0")
        self.step("the database is migrated")
        for child in children(self.port, self.data, full):
            self.supervisor.start(child)
        for offset, path in ((1, "/control/api/health"), (2, "/readyz"), (0, "/readyz")):
            wait_until(f"http://127.0.0.1:{self.port + offset}{path}", supervisor=self.supervisor)
        self.step("web, receiver, worker, beat and sandbox are running")
        if not (self.data / "demo.json").exists():
            (self.data / DEMO_BEGUN).touch()
            self._manage(full, "load_demo")
            (self.data / DEMO_BEGUN).unlink(missing_ok=True)
            self.step("the demo is loaded")
        refuse_the_dead(self.supervisor)

    def _forget_half_a_demo(self, postgres: Postgres) -> None:
        """Begin with an empty database again when the very first start was interrupted while loading the demo."""
        if not (self.data / DEMO_BEGUN).exists() or (self.data / "demo.json").exists():
            return
        with psycopg.connect(postgres.superuser_dsn, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS portal WITH (FORCE)")
        shutil.rmtree(self.data / "sandbox", ignore_errors=True)
        self.step("the last start ended while loading the demo: beginning afresh")

    def _manage(self, full: dict[str, str], *arguments: str) -> None:
        quiet = {"LOG_LEVEL": "WARNING", **full}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=quiet,
            check=False,
            preexec_fn=die_with_parent,
        )
        if done.returncode != 0:
            message = f"manage.py {arguments[0]} failed; the lines above say why."
            raise CannotRun(message)

    def announce(self) -> None:
        """Write run.json and print where the portal is."""
        demo = json.loads((self.data / "demo.json").read_text())
        made = dict(line.split("=", 1) for line in (self.data / "env").read_text().splitlines())
        run = {
            "portal_url": f"http://localhost:{self.port}",
            "sandbox_url": f"http://localhost:{self.port + 1}",
            "receiver_url": f"http://localhost:{self.port + 2}",
            "database_url": made.get("DATABASE_URL", os.environ.get("DATABASE_URL", "")),
            "broker_url": made["BROKER_URL"],
            **demo,
        }
        hooks = f"http://localhost:{self.port + 2}"
        for network in run["networks"]:  # PORT may have moved since the demo was loaded
            network["hook_url"] = hooks + "/hooks/" + network["hook_url"].rstrip("/").rsplit("/", 1)[1] + "/"
        write_private(self.data / "run.json", json.dumps(run, indent=2))
        say(f"\nPortal ready: {run['portal_url']}\n")
        for login in run["logins"]:
            say(f"  {login['role']:<28} {login['email']:<28} {login['password']}")
        say(f"\n  Sandbox (plays Mobility Work): {run['sandbox_url']}   Outbox: {run['portal_url']}/outbox/")
        say("  Ctrl-C stops everything.\n")

    def tend_engines(self) -> None:
        """Start an engine that has died again, on its own port and data."""
        for index, engine in enumerate(self.engines):
            if not port_is_free(engine.port):
                continue
            say(f"{type(engine).__name__} ended; starting it again. Its log is {engine.home / 'log'}")
            start = start_postgres if isinstance(engine, Postgres) else start_valkey
            try:
                self.engines[index] = start(self.data)
            except EngineError as error:  # what is left of the killed server may need a moment to go
                say(str(error))
                time.sleep(1)

    def shut_down(self) -> None:
        """Stop children, then engines."""
        if not self.engines:
            self.supervisor.stop()
            return
        say("Stopping ...")
        self.supervisor.stop()
        for engine in reversed(self.engines):
            engine.stop()
        (self.data / "run.json").unlink(missing_ok=True)
        say("Stopped.")


def main() -> int:
    """Run until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    options = parser.parse_args()
    lock = RunLock(data_dir())
    try:
        if options.stop:
            say("Stopped." if stop_all(data_dir()) else "Nothing is running.")
            return 0
        if options.clean:
            remove_state(data_dir())
            say(f"Removed the database, secrets and logs of the runs in {data_dir()}.")
            return 0
        lock.take()
    except CannotRun as error:
        say(str(error))
        return 1
    run = Run(options.port, after_a_kill=lock.after_a_kill)

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        if not run.supervisor.stopping:  # Ctrl-C arrives twice where make hands it on
            run.supervisor.stopping = True
            raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    code = 0
    try:
        run.bring_up()
        run.announce()
        run.supervisor.watch(also=run.tend_engines)
    except KeyboardInterrupt:
        say("")
    except (CannotRun, EngineError) as error:
        say(f"\n{error}")
        code = 1
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    run.shut_down()
    lock.release()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
