"""Goes through lists whose order changes while they are written: what is in them is settled once, at the beginning."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from portal.exports.slices import AT_ONCE

IN_MEMORY = 1 << 20  # characters of keys; more of them are on disk


def in_chunks(scope: AbstractContextManager[None], keys: Iterable[Sequence[Any]]) -> Iterator[list[list[str]]]:
    """Yield keys as text, some at a time. All are read within the scope, before the first are handed on.

    Pages that follow each other would leave out what moves to a place that was passed, and repeat what moves ahead.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="ascii", prefix="portal-keys-") as file:
        with scope:
            file.writelines(json.dumps(key, default=str) + "\n" for key in keys)
        file.seek(0)
        while chunk := [json.loads(line) for line in islice(file, AT_ONCE)]:
            yield chunk
