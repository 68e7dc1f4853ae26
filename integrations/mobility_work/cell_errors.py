"""What can be wrong with a cell: a stable code, the values that explain it, and a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from pydantic_core import ErrorDetails, PydanticCustomError

from integrations.mobility_work.body import clean
from integrations.spec import Field

SHOWN = 80  # characters of a cell that an error repeats


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


@dataclass(frozen=True, slots=True)
class CellError:
    """One thing that is wrong in a row; without a column, it is the row's own."""

    column: str
    code: str
    params: Mapping[str, str | int]
    message: str  # msgid with placeholders for the params

    def plain(self) -> str:
        """Return the English sentence."""
        return self.message.format_map(self.params)


MESSAGES: dict[str, str] = {
    "required": _("A value is required here."),
    "clear_not_allowed": _("This value can't be cleared. Leave the cell empty if nothing is to be sent."),
    "too_short": _("Too short: at least {min} characters are needed, here are {length}."),
    "too_long": _("Too long: at most {max} characters are allowed, here are {length}."),
    "characters": _("It holds a character that can't be sent. Type the text again."),
    "pattern": _("“{value}” does not have the form {pattern}."),
    "min": _("Too small: {value}. The least is {min}."),
    "max": _("Too large: more than {max} digits can't be sent exactly."),
    "integer": _("“{value}” is no whole number. Write digits only, like 12."),
    "decimal": _("“{value}” is no number. Write it like 1234.5 or 1234,5."),
    "decimal_comma": _("“{value}” has a comma. Write a point before the decimals, and nothing between thousands."),
    "ambiguous_number": _(
        "“{value}” could mean {thousand} or {fraction}. Write one of these, or say that the file has decimal commas."
    ),
    "boolean": _("“{value}” is neither yes nor no. Write yes or no, oui or non, true or false, 1 or 0."),
    "choice": _("“{value}” is none of the values allowed: {choices}."),
    "uuid": _("“{value}” is no UUID. It has 32 digits from 0 to f, like 0c8f5d1e-6b7a-4f0e-8a55-91b3f0d7c2aa."),
    "currency": _("“{value}” is no currency. Write three letters (ISO 4217), like EUR."),
    "currency_missing": _("The network's currency is not known. Add a column for the currency."),
    "currency_alone": _("There is a currency here but no amount. Give both or neither."),
    "too_many_decimals": _("Too many decimals: {currency} has {max}, here are {decimals}."),
    "moment": _("“{value}” is no date that can be read. Write 2026-03-25 08:00 or 25/03/2026 08:00 (day first)."),
    "moment_range": _("The year {year} is out of range: from {min} to {max} is allowed."),
    "no_such_time": _("At {value} the clocks go forward: that time does not exist in {zone}. Choose another."),
    "ambiguous_time": _("{value} comes twice in {zone}, as the clocks go back. Add an offset, such as {offset}."),
    "time_missing": _("Add a time of day, or say that it lasts all day."),
    "before_start": _("This is before the start, {start}."),
    "identifier": _("“{value}” can't be this kind of identifier: {type}."),
    "unknown_identifier_type": _("“{type}” is no type of identifier here. Known are: {types}."),
    "json": _("This is no JSON. Texts stand in straight double quotes, and no comma follows the last value."),
    "json_object": _("This must be a JSON object, in braces."),
    "json_list": _("This must be a JSON list of objects, in brackets."),
    "json_text": _("“{property}” must be a text, in double quotes."),
    "list_item": _("“{value}” can't stand in this list, which holds texts only."),
    "reserved": _("“{property}” is written by the portal. Choose another name."),
    "has_column": _("“{property}” has a column of its own: {column}. Fill in that one."),
    "too_few": _("At least {min} values are needed in a row, here are {given}. Fill in this one too."),
    "unknown_column": _("There is no such column in this operation."),
}
# What the checks of pydantic find, in our words: its code, and what it calls the limit.
FOUND_BY_PYDANTIC = {
    "missing": ("required", ""),
    "string_too_short": ("too_short", "min_length"),
    "string_too_long": ("too_long", "max_length"),
    "string_pattern_mismatch": ("pattern", "pattern"),
    "greater_than_equal": ("min", "ge"),
    "literal_error": ("choice", ""),
    "extra_forbidden": ("unknown_column", ""),
}


def refusal(code: LiteralString, *, message: str = "", **params: str | int) -> PydanticCustomError:
    """Return what a check raises. `message` stands in for the usual sentence of the code."""
    return PydanticCustomError(code, "refused", {**params, "message": message or MESSAGES[code]})


def shown(cell: str) -> str:
    """Return as much of a cell as an error repeats."""
    return clean(cell, SHOWN)


def cell_error(column: str, code: str, /, **params: str | int) -> CellError:
    """Return an error with the usual sentence of its code."""
    return CellError(column, code, params, MESSAGES[code])


def from_pydantic(found: ErrorDetails, field: Field | None) -> CellError:
    """Return what pydantic found in our words."""
    column, context = str(found["loc"][0]), dict(found.get("ctx", {}))
    if found["type"] not in FOUND_BY_PYDANTIC:
        message = context.pop("message")
        return CellError(column, found["type"], context, message)
    code, limit = FOUND_BY_PYDANTIC[found["type"]]
    value = found["input"]
    match code:
        case "too_short" | "too_long":
            params: dict[str, str | int] = {code.replace("too_short", "min").replace("too_long", "max"): context[limit]}
            return cell_error(column, code, **params, length=len(value))
        case "pattern" if field:
            return CellError(
                column, code, {"value": shown(value), "pattern": field.pattern or ""}, field.pattern_message
            )
        case "min" if field:
            return cell_error(column, code, value=str(value), min=field.minimum or 0)
        case "choice" if field:
            return cell_error(column, code, value=shown(value), choices=", ".join(field.choices))
    return cell_error(column, code)
