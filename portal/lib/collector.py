"""Pauses Python's search for objects that refer to each other in a circle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_search() -> Iterator[None]:
    """Run the block without that search: for work that makes very many objects, none of them in a circle.

    The search goes over all of them again and again, and finds nothing. What nobody holds any more is freed all the
    same. It concerns the whole process, so the block must be short, and drop what it made before its end.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
