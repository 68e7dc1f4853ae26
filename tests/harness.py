"""A pytest plugin that gives every test process a database of its own on a real PostgreSQL, and a real Valkey.

The first process starts the engines (or uses the server in PORTAL_TEST_SUPERUSER_URL), migrates a template as the
owner role, and hands its address on; every process then works on a clone, as the app role.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from portal.dev.engines import Postgres, Valkey, bootstrap_roles, secure_database, start_postgres, start_valkey

ROOT = Path(__file__).resolve().parent.parent
ROLES = {"portal_owner": "owner-word", "portal_app": "app-word", "portal_receiver": "receiver-word"}
TEMPLATE = f"portal_template_{os.getpid()}"
_started: list[Postgres | Valkey] = []


def _start() -> None:
    """Start what no parent process has started yet, and put its addresses into the environment."""
    data = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    (data / "static").mkdir()  # WhiteNoise warns where its folder is missing
    superuser = os.environ.get("PORTAL_TEST_SUPERUSER_URL")
    if not superuser:
        postgres = start_postgres(data, durable=False)
        _started.append(postgres)
        superuser = postgres.superuser_dsn
    valkey = start_valkey(data)
    _started.append(valkey)
    os.environ.update(
        PORTAL_TEST_SERVER=superuser,
        PORTAL_TEST_TEMPLATE=TEMPLATE,
        PORTAL_TEST_BROKER=valkey.url,
        PORTAL_TEST_OWNS_ENGINES=str(os.getpid()),
        PORTAL_DATA_DIR=str(data),
        SECRET_KEY="not a secret: this key signs nothing outside of tests",
        PORTAL_SEALING_KEYS=Fernet.generate_key().decode(),
        PORTAL_DEV="1",
        EMAIL_URL="memorymail://",
        PORTAL_BASE_URL="http://testserver",
        MOBILITY_WORK_API_URL="http://127.0.0.1:9",  # nobody listens: a test that calls out must say where to
    )
    urls = bootstrap_roles(superuser, database=TEMPLATE, passwords=ROLES, for_tests=True)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": urls.app, "DATABASE_OWNER_URL": urls.owner, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        check=True,
    )


def _clone() -> None:
    """Give this process a database of its own."""
    server = os.environ["PORTAL_TEST_SERVER"]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{os.environ['PORTAL_TEST_TEMPLATE']}_{worker}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER portal_owner").format(
                sql.Identifier(name), sql.Identifier(os.environ["PORTAL_TEST_TEMPLATE"])
            )
        )
    secure_database(server, database=name)
    place = server.rsplit("@", 1)[1].split("/")[0]
    for variable, role in [
        ("DATABASE_URL", "portal_app"),
        ("DATABASE_OWNER_URL", "portal_owner"),
        ("DATABASE_RECEIVER_URL", "portal_receiver"),
    ]:
        os.environ[variable] = f"postgresql://{role}:{ROLES[role]}@{place}/{name}"
    number = int(worker.removeprefix("gw")) % 15 + 1 if worker != "main" else 0
    os.environ["BROKER_URL"] = os.environ["PORTAL_TEST_BROKER"].rsplit("/", 1)[0] + f"/{number}"


if "PORTAL_TEST_SERVER" not in os.environ:
    _start()
_clone()


def stop() -> None:
    """Stop the engines and remove their folders, in the process that started them."""
    if os.environ.get("PORTAL_TEST_OWNS_ENGINES") != str(os.getpid()):
        return
    for engine in _started:
        engine.stop()
        shutil.rmtree(engine.home, ignore_errors=True)
    shutil.rmtree(os.environ["PORTAL_DATA_DIR"], ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing running behind a test run."""
    stop()
