"""Keeps the file of a job exactly as it came, and lays it on disk for those who read it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from portal.jobs.models import JobFile
from portal.lib.scope import network_scope

PIECE = 1 << 20  # bytes


def store_file(network_id: UUID, job_id: UUID, path: Path) -> tuple[bytes, int]:
    """Store a file in pieces; return its SHA-256 and its size in bytes. Needs the network's scope."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        for number, content in enumerate(iter(lambda: file.read(PIECE), b"")):
            JobFile.objects.bulk_create([JobFile(network_id=network_id, job_id=job_id, piece=number, content=content)])
            digest.update(content)
            size += len(content)
    return digest.digest(), size


def pieces(network_id: UUID, job_id: UUID) -> Iterator[bytes]:
    """Yield the file of a job piece by piece; opens the network's scope for each, and none in between."""
    number = 0
    while True:
        with network_scope(network_id):
            piece = JobFile.objects.filter(network_id=network_id, job_id=job_id, piece=number).first()
        if piece is None:
            return
        yield bytes(piece.content)
        number += 1


def whole_file(network_id: UUID, job_id: UUID) -> IO[bytes]:
    """Return the file of a job to read from. Needs the network's scope."""
    file = tempfile.TemporaryFile(prefix="portal-job-")  # noqa: SIM115 - whoever reads it closes it
    found = JobFile.objects.filter(network_id=network_id, job_id=job_id).order_by("piece")
    for piece in found.iterator(1):
        file.write(piece.content)
    file.seek(0)
    return file


@contextmanager
def on_disk(network_id: UUID, job_id: UUID) -> Iterator[Path]:
    """Lay the file of a job on disk while the block runs."""
    with tempfile.TemporaryDirectory(prefix="portal-job-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            for content in pieces(network_id, job_id):
                file.write(content)
        yield path
