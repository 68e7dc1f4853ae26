"""Builds the check of one column: what its cells are read as, and the limits that pydantic holds them to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import CoreSchema, core_schema

from integrations.mobility_work.cell_errors import refusal, shown
from integrations.mobility_work.identifiers import identifier_reader, identifiers_reader, texts
from integrations.mobility_work.json_cells import json_object, json_objects_reader, sendable
from integrations.mobility_work.moments import moment_reader
from integrations.mobility_work.numbers import as_json_number, currency, decimal_reader, integer
from integrations.mobility_work.operations.columns import UUID_SHAPE
from integrations.mobility_work.terms import normalise
from integrations.spec import Field, Kind

CLEAR = "∅"
YES = ("yes", "y", "true", "1", "x", "oui", "o", "vrai")
NO = ("no", "n", "false", "0", "non", "faux")
BOOLEANS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
UUID = re.compile(UUID_SHAPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowContext:
    """What a row means depends on its network, and on what a person said of the file."""

    time_zone: ZoneInfo
    currency: str = ""  # ISO 4217; "" = not known
    clear_token: str = CLEAR  # a cell that holds it clears the value
    decimal_comma: bool | None = None  # None = nobody said: what could mean two things is refused
    identifier_types: Mapping[str, str] = field(default_factory=dict)  # column: name of the type chosen


def text(cell: str) -> str:
    """Return a text."""
    if not sendable(cell):
        raise refusal("characters")
    return cell


def boolean(cell: str) -> bool:
    """Return yes or no."""
    found = BOOLEANS.get(normalise(cell))
    if found is None:
        raise refusal("boolean", value=shown(cell))
    return found


def uuid(cell: str) -> str:
    """Return a UUID."""
    if not UUID.fullmatch(cell):
        raise refusal("uuid", value=shown(cell))
    return cell


def reader_of(column: Field, context: RowContext) -> Callable[[str], Any]:
    """Return what reads a cell of a column; it raises PydanticCustomError."""
    chosen = context.identifier_types.get(column.name, "")
    match column.kind:
        case Kind.TEXT | Kind.CHOICE:
            return text
        case Kind.INTEGER:
            return integer
        case Kind.DECIMAL | Kind.MONEY:
            return decimal_reader(context.decimal_comma)
        case Kind.BOOLEAN:
            return boolean
        case Kind.CURRENCY:
            return currency
        case Kind.DATETIME:
            return moment_reader(context.time_zone, end_of_day=column.end_of_day)
        case Kind.UUID:
            return uuid
        case Kind.IDENTIFIER:
            return identifier_reader(column.identifiers, chosen)
        case Kind.IDENTIFIERS:
            return identifiers_reader(column.identifiers, chosen)
        case Kind.TEXTS:
            return texts
        case Kind.OBJECTS:
            return json_objects_reader(column.text_members)
        case Kind.OBJECT | Kind.ADVANCED:
            return json_object


def limits_of(column: Field) -> CoreSchema:
    """Return the limits of what was read."""
    match column.kind:
        case Kind.TEXT:
            # Rust's engine has no look-ahead; "(?!$)" says "not empty", which no cell is.
            pattern = column.pattern.replace("(?!$)", "") if column.pattern else None
            return core_schema.str_schema(
                strict=True, min_length=column.min_length, max_length=column.max_length, pattern=pattern
            )
        case Kind.CHOICE:
            return core_schema.literal_schema(list(column.choices))
        case Kind.INTEGER:
            return core_schema.int_schema(strict=True, ge=column.minimum)
        case Kind.DECIMAL:
            minimum = None if column.minimum is None else Decimal(column.minimum)
            return core_schema.no_info_after_validator_function(
                as_json_number, core_schema.decimal_schema(strict=True, ge=minimum)
            )
        case _:
            return core_schema.any_schema()


def check_of(column: Field, context: RowContext) -> CoreSchema:
    """Return the whole check of a cell that is not empty: cleared, or read and held to its limits."""
    read, token, nullable = reader_of(column, context), context.clear_token, column.nullable

    def cell(value: str) -> Any:
        if value == token:
            if nullable:
                return None
            raise refusal("clear_not_allowed")
        return read(value)

    def plain_text(value: str) -> Any:
        """Do the same for a text, which most cells are, in one call."""
        return value if value != token and value.isprintable() else cell(value)

    limits, check = limits_of(column), plain_text if read is text else cell
    return core_schema.no_info_before_validator_function(
        check, core_schema.nullable_schema(limits) if nullable else limits
    )
