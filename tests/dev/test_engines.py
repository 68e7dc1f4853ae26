"""The embedded engines: a server of one data folder is adopted, recovered and stopped, and its roles are a boundary."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from portal.dev.engines import Postgres, bootstrap_roles, start_postgres, start_valkey

pytestmark = pytest.mark.integration
PASSWORDS = {"portal_owner": "owner-word", "portal_app": "app-word", "portal_receiver": "receiver-word"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    started = start_postgres(tmp_path / "data")  # durable, as in a run: what is committed must outlive a kill
    yield started
    discard(started, tmp_path / "data")


def discard(server: Postgres, data: Path) -> None:
    server.stop()
    if server.home.parent != data:  # as root it has a folder of its own elsewhere
        shutil.rmtree(server.home)


def server_pid(server: Postgres) -> int:
    return int((server.home / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_server_runs_unprivileged_and_loosens_no_folder(tmp_path: Path) -> None:
    data = tmp_path / "private" / "data"
    data.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    before = {folder: folder.stat().st_mode for folder in [data, *data.parents]}
    server = start_postgres(data, durable=False)
    try:
        assert os.stat(f"/proc/{server_pid(server)}").st_uid != 0
        assert {folder: folder.stat().st_mode for folder in before} == before
        assert server.password not in repr(server)
    finally:
        discard(server, data)


def test_a_running_server_is_adopted_and_a_killed_one_recovered(server: Postgres, tmp_path: Path) -> None:
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    adopted = start_postgres(tmp_path / "data")
    assert (adopted.port, server_pid(adopted)) == (server.port, server_pid(server))
    killed = server_pid(server)
    os.kill(killed, signal.SIGKILL)
    time.sleep(1)
    again = start_postgres(tmp_path / "data")
    assert again.port == server.port
    assert server_pid(again) != killed
    with psycopg.connect(again.superuser_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_the_roles_are_a_boundary_and_made_twice_are_the_same(server: Postgres) -> None:
    for _ in range(2):
        urls = bootstrap_roles(server.superuser_dsn, database="portal", passwords=PASSWORDS)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(urls.app.replace("app-word", "wrong"))
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        strong = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'portal%' AND (rolsuper OR rolbypassrls OR rolcreatedb)"
        ).fetchall()
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger-word'")
    assert strong == []
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(urls.app.replace("portal_app:app-word", "stranger:stranger-word"))
    for url in (urls.app, urls.receiver):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (number int)")
    with psycopg.connect(urls.owner) as connection:
        connection.execute("CREATE TABLE ours (number int)")


def test_a_broker_wants_its_password_and_is_adopted(tmp_path: Path) -> None:
    first = start_valkey(tmp_path)
    try:
        assert start_valkey(tmp_path).port == first.port
        assert redis.Redis.from_url(first.url).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=first.port).ping()
    finally:
        first.stop()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(first.url).ping()
