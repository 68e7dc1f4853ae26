"""What concerns several cells of a row, or makes one value of them: money, moments, further properties, how many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.mobility_work.cell_errors import CellError, cell_error, shown
from integrations.mobility_work.cells import RowContext
from integrations.mobility_work.moments import has_time
from integrations.mobility_work.numbers import EXPONENTS, decimals, minor_units
from integrations.spec import Field, Kind, Operation

Path = tuple[str, ...]


@dataclass(slots=True)
class Row:
    """A row on its way to an item."""

    cells: dict[str, str]  # that are not empty
    values: dict[str, Any]  # what was read, by column
    item: dict[str, Any] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)  # columns refused before

    def put(self, path: Path, value: Any) -> None:
        """Put a value where it stands in the item."""
        into = self.item
        *outer, last = path
        for name in outer:
            if name not in into:
                into[name] = {}
            into = into[name]
        into[last] = value

    def refuse(self, at: str, code: str, /, **params: str | int) -> None:
        """Note an error in a column."""
        self.errors.append(cell_error(at, code, **params))


@dataclass(frozen=True, slots=True)
class Step:
    """Something done to a row that has a value in one of these columns; to every row if none is named."""

    columns: frozenset[str]
    do: Callable[[Row], None]


def steps_of(operation: Operation, context: RowContext) -> tuple[Step, ...]:
    """Return what is done to a row after its cells are read, in this order."""
    steps: list[Step] = []

    def add(do: Callable[[Row], None], *columns: str) -> None:
        steps.append(Step(frozenset(columns), do))

    for each in operation.fields:
        if each.kind is Kind.MONEY:
            currency = _currency_of(operation, each)
            add(_money(each, currency, context.currency), each.name, currency.name)
        if each.reserved:
            add(_reserved(each), each.name)
    moments = tuple(each for each in operation.fields if each.kind is Kind.DATETIME)
    names = [each.name for each in moments]
    if operation.whole_day:
        add(_times_of_day(moments, operation.whole_day), operation.whole_day)
    for first, second in operation.ordered:
        add(_in_order(first, second), second)
    if moments:
        add(_with_offset(moments), *names)
    for each in operation.fields:
        if each.kind is Kind.ADVANCED:
            add(_further(operation, each), each.name)
    if operation.min_properties:
        add(_enough(operation))
    return tuple(steps)


def _currency_of(operation: Operation, money: Field) -> Field:
    (found,) = [
        each for each in operation.fields if each.kind is Kind.CURRENCY and each.path[:-1] == money.path[:-1]
    ]  # fmt: skip
    return found


def _money(money: Field, currency: Field, of_network: str) -> Callable[[Row], None]:
    """Return what turns an amount into the smallest unit of its currency."""
    whole = money.path[:-1]

    def step(row: Row) -> None:
        amount: Decimal | None = row.values.get(money.name)
        if money.name not in row.values:
            if currency.name in row.cells and money.name not in row.bad:
                row.refuse(currency.name, "currency_alone")
            return
        if amount is None:
            if currency.name in row.cells:
                row.refuse(currency.name, "currency_alone")
            row.put(whole, None)
            return
        code = row.values.get(currency.name, of_network)
        if code not in EXPONENTS:
            if currency.name not in row.bad:
                row.refuse(currency.name, "currency_missing")
            return
        minor = minor_units(amount, code)
        if minor is None:
            row.refuse(
                money.name, "too_many_decimals", currency=code, max=EXPONENTS[code], decimals=decimals(amount)
            )  # fmt: skip
        row.put(whole, {money.path[-1]: minor, currency.path[-1]: code})

    return step


def _reserved(column: Field) -> Callable[[Row], None]:
    """Return what keeps the portal's own members of an object free."""

    def step(row: Row) -> None:
        for name in column.reserved & set(row.values.get(column.name, ())):
            row.refuse(column.name, "reserved", property=name)

    return step


def _times_of_day(moments: tuple[Field, ...], whole_day: str) -> Callable[[Row], None]:
    """Return what asks for times of day where the row does not last all day."""

    def step(row: Row) -> None:
        if row.values.get(whole_day) is False:
            for each in moments:
                if each.name in row.values and not has_time(row.cells[each.name]):
                    row.refuse(each.name, "time_missing")

    return step


def _in_order(first: str, second: str) -> Callable[[Row], None]:
    """Return what refuses an end before its start."""

    def step(row: Row) -> None:
        start, end = row.values.get(first), row.values.get(second)
        if isinstance(start, datetime) and isinstance(end, datetime) and end.astimezone(UTC) < start.astimezone(UTC):
            row.refuse(second, "before_start", start=row.cells[first])

    return step


def _with_offset(moments: tuple[Field, ...]) -> Callable[[Row], None]:
    """Return what writes moments as they are sent."""

    def step(row: Row) -> None:
        for each in moments:
            if each.name in row.values:
                row.put(each.path, row.values[each.name].isoformat())

    return step


def _further(operation: Operation, column: Field) -> Callable[[Row], None]:
    """Return what adds further properties; what has a column of its own is refused, for it would not be checked."""
    columns = {each.path: each.name for each in operation.fields if each.path}

    def add(row: Row, into: dict[str, Any], further: dict[str, Any], at: Path) -> None:
        for name, value in further.items():
            path = (*at, name)
            beneath = [each for known, each in columns.items() if known[: len(path)] == path]
            if not beneath:
                into[name] = value
            elif path in columns or not isinstance(value, dict) or into.get(name, {}) is None:
                row.refuse(column.name, "has_column", property=shown(".".join(path)), column=beneath[0])
            else:
                add(row, into.setdefault(name, {}), value, path)

    def step(row: Row) -> None:
        add(row, row.item, row.values[column.name], ())

    return step


def _enough(operation: Operation) -> Callable[[Row], None]:
    """Return what counts the properties of an item, where the vendor asks for some but not for which."""
    top = {each.name: each.path[0] for each in operation.fields if each.path}
    needed = {top[each.name] for each in operation.fields if each.needed}

    def step(row: Row) -> None:
        given = len({*row.item, *needed, *(top[name] for name in row.bad if name in top)})
        lacking = [name for name in operation.short_of if name not in row.cells]
        if given < operation.min_properties:
            column = lacking[0] if lacking else ""
            row.refuse(column, "too_few", min=operation.min_properties, given=given)

    return step
