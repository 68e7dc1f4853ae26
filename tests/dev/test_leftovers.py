"""`make stop` ends the engines of a killed run; `make clean` removes what runs keep, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.dev.engines import running_postgres, start_postgres, start_valkey
from portal.dev.leftovers import remove_state, stop_all
from portal.dev.preflight import CannotRun, RunLock, port_is_free

pytestmark = pytest.mark.integration


def test_engines_left_by_a_killed_run_are_stopped_and_their_state_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    postgres, valkey = start_postgres(data), start_valkey(data)
    (data / "holiday.txt").write_text("somebody's own")
    try:
        assert stop_all(data)
        assert running_postgres(postgres.home / "data") is None
        assert port_is_free(postgres.port)
        assert port_is_free(valkey.port)
        assert (postgres.home / "data" / "PG_VERSION").exists()
        assert not stop_all(data)
    finally:
        remove_state(data)
    assert not postgres.home.exists()
    assert [path.name for path in data.iterdir()] == ["holiday.txt"]


def test_state_of_a_run_that_will_not_end_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.dev.preflight.STOP_SECONDS", 0.2)
    monkeypatch.setattr("portal.dev.preflight.os.kill", lambda pid, number: None)
    (tmp_path / "secrets.json").write_text("{}")
    lock = RunLock(tmp_path)
    lock.take()
    try:
        with pytest.raises(CannotRun, match="did not stop"):
            remove_state(tmp_path)
    finally:
        lock.release()
    assert (tmp_path / "secrets.json").exists()
