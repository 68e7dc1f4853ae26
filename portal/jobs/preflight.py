"""The warnings that a careful colleague would give before rows are sent; none of them stops anything."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from integrations.mobility_work.subjects import SubjectKey, subjects_by_column
from integrations.spec import Operation
from portal.jobs.known import Level, kinds_seen, levels, minima, seen
from portal.jobs.problems import Stored, found

UNUSUAL = 10  # times more or less than what was last seen


class Preflight:
    """What is warned of in the rows of one operation on one network."""

    def __init__(self, network_id: UUID, operation: Operation) -> None:
        """Look at what is known as a whole. Needs the network's scope, as do the calls."""
        self.network_id, self.operation = network_id, operation
        self._kinds = kinds_seen(network_id)
        self._minima = minima(network_id) if operation.sets_level else {}

    @property
    def unseen_kinds(self) -> list[str]:
        """Return the kinds of things that rows name and no event has: nothing can be said of them."""
        return sorted({each.subject for each in self.operation.fields if each.subject} - self._kinds)

    def warnings(self, items: Mapping[int, Mapping[str, Any]]) -> dict[int, list[Stored]]:
        """Return the warnings of each row that deserves some."""
        if not self._kinds:  # no event has named anything so far
            return {}
        named = {row: subjects_by_column(self.operation, item) for row, item in items.items()}
        keys = {key for subjects in named.values() for key in subjects.values() if key[0] in self._kinds}
        counts = seen(self.network_id, keys) if keys else {}
        known = self._levels(named, counts)
        warned: dict[int, list[Stored]] = {}
        for row, subjects in named.items():
            said = [each for column, key in subjects.items() for each in self._of_name(column, key, counts)]
            for key in subjects.values():
                if key in known:
                    minimum = self._minima.get(known[key].subject)
                    said += _of_level(self.operation.sets_level, items[row], known[key], minimum)
            if said:
                warned[row] = said
        return warned

    def _levels(
        self, named: Mapping[int, Mapping[str, SubjectKey]], counts: Mapping[SubjectKey, int]
    ) -> dict[SubjectKey, Level]:
        if not self.operation.sets_level:
            return {}
        keys = {key for subjects in named.values() for key in subjects.values() if counts.get(key) == 1}
        return levels(self.network_id, keys) if keys else {}

    def _of_name(self, column: str, key: SubjectKey, counts: Mapping[SubjectKey, int]) -> list[Stored]:
        if key[0] not in self._kinds:
            return []
        count, value = counts.get(key, 0), key[1].partition(":")[2]
        if column in self.operation.creates:
            return [found("seen_before", column, value=value)] if count else []
        if not count:
            return [found("never_seen", column, value=value)]
        return [found("several", column, value=value, count=count)] if count > 1 else []


def _of_level(column: str, item: Mapping[str, Any], known: Level, minimum: Decimal | None) -> list[Stored]:
    wanted = item.get(column)
    if not isinstance(wanted, (int, float)):
        return []
    now, before = Decimal(str(wanted)), known.quantity
    shown = _plain(before)
    if before > 0 and now == 0:
        return [found("to_zero", column, known=shown)]
    if before > 0 and now >= before * UNUSUAL:
        return [found("far_more", column, times=_whole(now / before), known=shown)]
    if before > 0 and now * UNUSUAL <= before:
        return [found("far_less", column, times=_whole(before / now), known=shown)]
    if minimum is not None and now < minimum <= before:
        return [found("below_minimum", column, minimum=_plain(minimum), known=shown)]
    return []


def _plain(number: Decimal) -> int | float:
    return float(number) if number % 1 else int(number)


def _whole(times: Decimal) -> int:
    return int(times.quantize(Decimal(1), ROUND_HALF_UP))
