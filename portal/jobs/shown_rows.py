"""The rows of a job that a page shows, and whether they still stand as it shows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.jobs.addresses import row_number
from portal.jobs.models import Confirmation, Job, Row
from portal.jobs.queries import evidence_for, result_page
from portal.jobs.states import RowState


@dataclass(frozen=True, slots=True)
class ShownRows:
    """One page of a job's rows with what events have said of them."""

    rows: Sequence[Row]
    more: int | None
    evidence: Mapping[int, Sequence[Confirmation]]
    state: str
    after: int

    @property
    def digest(self) -> str:
        """Return a digest of what the page shows of them."""
        return digest_of([[row.number, row.state, len(self.evidence.get(row.number, ()))] for row in self.rows])

    @property
    def address(self) -> str:
        """Return the query of the address that shows them."""
        return urlencode({name: value for name, value in (("state", self.state), ("after", self.after)) if value})


def shown_rows(job: Job, query: Mapping[str, str]) -> ShownRows:
    """Return the rows that an address asks for. Needs the network's scope."""
    state, after = _asked(query)
    rows, more = result_page(job, state=state, after=after)
    return ShownRows(rows, more, evidence_for(job, rows), state, after)


def address_of(query: Mapping[str, str]) -> str:
    """Return as much of a query as says which rows a page shows."""
    state, after = _asked(query)
    return ShownRows((), None, {}, state, after).address


def _asked(query: Mapping[str, str]) -> tuple[str, int]:
    state = query.get("state", "")
    return state if state in RowState.values else "", row_number(query.get("after", ""))


def digest_of(what: Any) -> str:
    """Return a short digest, to tell whether something is still as it was shown."""
    return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()
