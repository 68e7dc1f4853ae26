"""Reads XLSX files through a process that is bounded in memory, time and disk: nobody else can be brought down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from portal.lib.tabular.errors import DamagedWorkbook, ErrorCell, WorkbookTooHeavy, error_of
from portal.lib.tabular.file_format import FileFormat, Limits
from portal.lib.tabular.table_reader import RawRows

WORKER = Path(__file__).with_name("xlsx_worker.py")
# Out of memory (Rust aborts), out of time, killed by the kernel for want of memory, too much written.
_OUT_OF_BOUNDS = {-signal.SIGABRT, -signal.SIGXCPU, -signal.SIGKILL, -signal.SIGXFSZ}


def sheets_of(path: Path, *, limits: Limits) -> tuple[str, ...]:
    """The names of the sheets that a person sees, in their order."""
    return tuple(_run_worker({"path": str(path.absolute())}, limits=limits)["sheets"])


def xlsx_rows(path: Path, file_format: FileFormat, *, limits: Limits) -> RawRows:
    """Yield the rows with something in them; in place of the cells the error of a row with an error cell."""
    with _rows_file(path, file_format, limits=limits) as rows:
        for line in rows:
            row, cells, *numeric = json.loads(line)
            if isinstance(cells, dict):
                yield row, ErrorCell(row=row, **cells), ()
            else:
                yield row, cells, numeric[0]


@contextmanager
def _rows_file(path: Path, file_format: FileFormat, *, limits: Limits) -> Generator[IO[bytes], None, None]:
    # A nameless file rather than a pipe: the worker's time doesn't depend on how fast the rows are used.
    with tempfile.TemporaryFile() as rows:
        task = {
            "path": str(path.absolute()),
            "sheet": file_format.sheet,
            "decimal": file_format.decimal,
            "rows_to": rows.fileno(),
        }
        _run_worker(task, limits=limits, pass_fds=(rows.fileno(),))
        rows.seek(0)
        yield rows


def _run_worker(task: dict[str, Any], *, limits: Limits, pass_fds: tuple[int, ...] = ()) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", "-X", "utf8", str(WORKER), json.dumps({**task, "limits": asdict(limits)})],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},  # no secret of ours
            pass_fds=pass_fds,
            timeout=2 * limits.xlsx_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorkbookTooHeavy from error
    if done.returncode in _OUT_OF_BOUNDS:
        raise WorkbookTooHeavy
    if done.returncode != 0:
        raise DamagedWorkbook(exit_code=done.returncode)
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise error_of(answer["error"], answer["params"])
    return answer
