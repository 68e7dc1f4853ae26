"""Keeps the sandbox's state in one SQLite file, so that a restart or a kill loses nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.sandbox.network import Network
from integrations.sandbox.plant import Plant

_KEPT_PER_NETWORK = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS network (id TEXT PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plant (network_id TEXT PRIMARY KEY, core TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    network_id TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (network_id, id)
);
CREATE TABLE IF NOT EXISTS api_write (
    id INTEGER PRIMARY KEY, network_id TEXT NOT NULL, operation TEXT NOT NULL, body TEXT NOT NULL,
    due REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, network_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, due REAL NOT NULL, created REAL NOT NULL, flags TEXT NOT NULL, answers TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS delivery_network ON delivery (network_id, id);
"""


@dataclass(slots=True)
class QueuedDelivery:
    """One webhook on its way: waiting, held (back), shuffling, delivered, failed."""

    network_id: str
    event: str
    body: dict[str, Any]
    due: float
    created: float
    state: str = "waiting"
    flags: list[str] = field(default_factory=list)  # unsigned, stale, twice
    answers: list[dict[str, Any]] = field(default_factory=list)
    id: int = 0


class Store:
    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        # One thread at a time uses it (the event loop's), though not always the one that opened it.
        self._db = sqlite3.connect(directory / "sandbox.sqlite3", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._depth = 0

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner one belongs to the outer one."""
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            if self._depth == 1:
                self._db.execute("ROLLBACK")
            raise
        else:
            if self._depth == 1:
                self._db.execute("COMMIT")
        finally:
            self._depth -= 1

    # ---------------------------------------------------------------- networks and plants
    def networks(self) -> list[Network]:
        rows = self._db.execute("SELECT data FROM network ORDER BY rowid")
        return [Network.from_row(json.loads(row["data"])) for row in rows]

    def save_network(self, network: Network) -> None:
        self._db.execute(
            "INSERT INTO network (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            (network.id, json.dumps(network.as_row())),
        )

    def delete_network(self, network_id: str) -> None:
        with self.transaction():
            self._db.execute("DELETE FROM network WHERE id = ?", (network_id,))
            self._db.execute("DELETE FROM plant WHERE network_id = ?", (network_id,))
            self._db.execute("DELETE FROM part WHERE network_id = ?", (network_id,))
            self._db.execute("DELETE FROM api_write WHERE network_id = ?", (network_id,))
            self._db.execute("DELETE FROM delivery WHERE network_id = ?", (network_id,))

    def load_plant(self, network_id: str, plant: Plant) -> bool:
        """Bring a fresh plant to its saved state; false if none was saved."""
        row = self._db.execute("SELECT core FROM plant WHERE network_id = ?", (network_id,)).fetchone()
        if row is None:
            return False
        parts = self._db.execute("SELECT data FROM part WHERE network_id = ? ORDER BY rowid", (network_id,))
        plant.restore(json.loads(row["core"]), [json.loads(part["data"]) for part in parts])
        return True

    def save_plant(self, network_id: str, plant: Plant, *, whole: bool = False) -> None:
        rows = plant.part_rows(only_changed=not whole)
        with self.transaction():
            if whole:
                self._db.execute("DELETE FROM part WHERE network_id = ?", (network_id,))
            self._db.execute(
                "INSERT INTO plant VALUES (?, ?) ON CONFLICT (network_id) DO UPDATE SET core = excluded.core",
                (network_id, json.dumps(plant.snapshot())),
            )
            self._db.executemany(
                "INSERT INTO part VALUES (?, ?, ?) ON CONFLICT (network_id, id) DO UPDATE SET data = excluded.data",
                [(network_id, part_id, json.dumps(row)) for part_id, row in rows.items()],
            )

    # ---------------------------------------------------------------- accepted writes
    def add_write(self, *, network_id: str, operation: str, body: object, due: float) -> None:
        self._db.execute(
            "INSERT INTO api_write (network_id, operation, body, due) VALUES (?, ?, ?, ?)",
            (network_id, operation, json.dumps(body), due),
        )

    def due_writes(self, now: float) -> list[tuple[int, str, str, Any]]:
        rows = self._db.execute("SELECT * FROM api_write WHERE due <= ? ORDER BY due, id LIMIT 20", (now,))
        return [(row["id"], row["network_id"], row["operation"], json.loads(row["body"])) for row in rows]

    def forget_write(self, write_id: int) -> None:
        self._db.execute("DELETE FROM api_write WHERE id = ?", (write_id,))

    # ---------------------------------------------------------------- deliveries
    def add_deliveries(self, deliveries: Iterable[QueuedDelivery]) -> None:
        self._db.executemany(
            "INSERT INTO delivery (network_id, event, body, state, due, created, flags, answers) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, '[]')",
            [
                (
                    each.network_id,
                    each.event,
                    json.dumps(each.body),
                    each.state,
                    each.due,
                    each.created,
                    " ".join(each.flags),
                )
                for each in deliveries
            ],
        )

    def due_networks(self, now: float) -> list[str]:
        rows = self._db.execute("SELECT DISTINCT network_id FROM delivery WHERE state = 'waiting' AND due <= ?", (now,))
        return [row["network_id"] for row in rows]

    def due_deliveries(self, network_id: str, now: float, limit: int) -> list[QueuedDelivery]:
        return self._select(
            "network_id = ? AND state = 'waiting' AND due <= ? ORDER BY due, id LIMIT ?",
            (network_id, now, limit),
        )

    def deliveries_in(self, network_id: str, state: str) -> list[QueuedDelivery]:
        return self._select("network_id = ? AND state = ? ORDER BY id", (network_id, state))

    def recent(self, network_id: str, limit: int) -> list[QueuedDelivery]:
        return self._select("network_id = ? ORDER BY id DESC LIMIT ?", (network_id, limit))

    def counts(self, network_id: str) -> dict[str, int]:
        rows = self._db.execute(
            "SELECT state, count(*) AS n FROM delivery WHERE network_id = ? GROUP BY state", (network_id,)
        )
        return {row["state"]: row["n"] for row in rows}

    def update_delivery(self, delivery: QueuedDelivery) -> None:
        self._db.execute(
            "UPDATE delivery SET state = ?, due = ?, flags = ?, answers = ? WHERE id = ?",
            (
                delivery.state,
                delivery.due,
                " ".join(delivery.flags),
                json.dumps(delivery.answers),
                delivery.id,
            ),
        )

    def trim(self, network_id: str) -> None:
        """Forget all but the newest finished deliveries."""
        self._db.execute(
            "DELETE FROM delivery WHERE network_id = ? AND state IN ('delivered', 'failed') AND id < coalesce("
            "(SELECT id FROM delivery WHERE network_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?), 0)",
            (network_id, network_id, _KEPT_PER_NETWORK),
        )

    def _select(self, condition: str, values: tuple[object, ...]) -> list[QueuedDelivery]:
        rows = self._db.execute(f"SELECT * FROM delivery WHERE {condition}", values)  # noqa: S608  constants
        return [
            QueuedDelivery(
                id=row["id"],
                network_id=row["network_id"],
                event=row["event"],
                body=json.loads(row["body"]),
                state=row["state"],
                due=row["due"],
                created=row["created"],
                flags=row["flags"].split(),
                answers=json.loads(row["answers"]),
            )
            for row in rows
        ]
