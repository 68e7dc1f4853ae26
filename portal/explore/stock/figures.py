"""How many parts need a look: each figure leads to the rows that it counts, and none is counted beyond a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.formats import number_format

from portal.explore.stock.parts import COUNT_CAP
from portal.networks.models import Network

FIGURES = f"""SELECT
    (SELECT count(*) FROM (SELECT 1 FROM stock_part WHERE network_id = ANY (n.ids) LIMIT {COUNT_CAP + 1}) c),
    (SELECT count(*) FROM (SELECT 1 FROM stock_part WHERE network_id = ANY (n.ids) AND out_since IS NOT NULL
        LIMIT {COUNT_CAP + 1}) c),
    (SELECT count(*) FROM (SELECT 1 FROM stock_part WHERE network_id = ANY (n.ids) AND below_since IS NOT NULL
        LIMIT {COUNT_CAP + 1}) c),
    (SELECT count(*) FROM (SELECT 1 FROM stock_gap WHERE network_id = ANY (n.ids) AND closed_by IS NULL
        LIMIT {COUNT_CAP + 1}) c)
FROM (SELECT %s::uuid[] AS ids) n"""  # noqa: S608 - fixed parts only


@dataclass(frozen=True, slots=True)
class Figures:
    """Parts known, out of stock, below their minimum; and open gaps. One more than the cap means more."""

    parts: int
    out: int
    below: int
    gaps: int


def figures_of(networks: Sequence[Network]) -> Figures:
    """Return the figures of networks together. Needs the scope."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, [[network.id for network in networks]])
        return Figures(*cursor.fetchone())


def capped(count: int) -> str:
    """Return a count as it is shown: exact up to the cap."""
    shown = str(number_format(min(count, COUNT_CAP), force_grouping=True))
    return f"{shown}+" if count > COUNT_CAP else shown


def count_gaps(networks: Sequence[Network]) -> int:
    """Return how many gaps are open, at most one more than the cap. Needs the scope."""
    return figures_of(networks).gaps
