"""Python's search for circles is paused for a block, and never for longer."""

from __future__ import annotations

import gc

import pytest

from portal.lib.collector import without_search


def test_the_search_is_on_again_whatever_happened() -> None:
    with without_search():
        assert not gc.isenabled()
        with without_search():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), without_search():
        raise KeyError
    assert gc.isenabled()
