"""Checks rows: cells as people type them in, the JSON to send out, or every error of the row at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from integrations.mobility_work.cell_errors import CellError, from_pydantic
from integrations.mobility_work.cells import RowContext, check_of
from integrations.mobility_work.identifiers import UnknownIdentifierType
from integrations.mobility_work.row_steps import Row, Step, steps_of
from integrations.spec import Kind, Operation, registry

__all__ = ["CellError", "CheckedRow", "RowContext", "RowReader", "UnknownIdentifierType", "row_reader"]


class CheckedRow(NamedTuple):
    """What became of a row: the JSON to send, or why there is none."""

    item: dict[str, Any] | None
    errors: tuple[CellError, ...] = ()


class RowReader:
    """The checks of one operation in one context, compiled once and used for every row of a file."""

    def __init__(self, operation: Operation, context: RowContext) -> None:
        """Compile; raises UnknownIdentifierType when a column is said to hold what it can't."""
        self.operation, self.context = operation, context
        self._fields = registry(operation.fields)
        for name in context.identifier_types:
            if not self._fields[name].identifiers:
                raise UnknownIdentifierType(name)
        checks = {field.name: check_of(field, context) for field in operation.fields}
        self._whole = _compiled(checks, needed={field.name for field in operation.fields if field.needed})
        self._partial = _compiled(checks, needed=set())
        self._steps: tuple[Step, ...] = steps_of(operation, context)
        # Values that don't stand in the item under the column's name, and where; () = a step puts them there.
        self._elsewhere = tuple(
            (field.name, () if field.kind in (Kind.MONEY, Kind.CURRENCY) else field.path)
            for field in operation.fields
            if field.path != (field.name,)
        )
        self._defaults = {field.name: field.default for field in operation.fields if field.send_default}

    def read(self, cells: Mapping[str, str]) -> CheckedRow:
        """Check one row: cells by column name. Spaces around a value don't count; an empty cell is no value."""
        present = {name: stripped for name, cell in cells.items() if (stripped := cell.strip())}
        try:
            values: dict[str, Any] = self._whole.validate_python(present)
        except ValidationError as refused:
            return CheckedRow(None, self._all_errors(present, refused))
        if self._defaults:
            values = self._defaults | values
        row = Row(cells=present, values=values)
        errors = self._finish(row)
        return CheckedRow(None, errors) if errors else CheckedRow(row.item)

    def _finish(self, row: Row) -> tuple[CellError, ...]:
        """Put the values where they stand in the item, and do what concerns several of them."""
        item = row.item = row.values.copy()
        for name, path in self._elsewhere:
            if name in item:
                value = item.pop(name)
                if path:
                    row.put(path, value)
        for step in self._steps:
            if not step.columns or not step.columns.isdisjoint(row.values):
                step.do(row)
        return tuple(row.errors)

    def _all_errors(self, present: dict[str, str], refused: ValidationError) -> tuple[CellError, ...]:
        """Return what pydantic found, and what is wrong between those values that it did not refuse."""
        details = refused.errors(include_url=False)
        found = [from_pydantic(each, self._fields.get(str(each["loc"][0]))) for each in details]
        bad = {error.column for error in found}
        good = {name: cell for name, cell in present.items() if name not in bad}
        row = Row(cells=present, values=self._defaults | self._partial.validate_python(good))
        row.bad = bad
        return (*found, *self._finish(row))


def _compiled(checks: dict[str, CoreSchema], *, needed: set[str]) -> SchemaValidator:
    fields = {name: core_schema.typed_dict_field(check, required=name in needed) for name, check in checks.items()}
    return SchemaValidator(core_schema.typed_dict_schema(fields, extra_behavior="forbid"))


def row_reader(operation: Operation, context: RowContext) -> RowReader:
    """Return the compiled checks of an operation. Raises UnknownIdentifierType."""
    return RowReader(operation, context)
