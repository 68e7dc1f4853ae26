"""Reads identifiers: the typed form is sent whenever the type is known (vendor reference, section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from integrations.mobility_work.cell_errors import refusal, shown
from integrations.mobility_work.json_cells import json_value, sendable
from integrations.spec import IdentifierType

Form = Callable[[str], Any]
# A value that holds one of these goes into a JSON list.
BETWEEN = re.compile(r"[;,|\r\n]+")


class UnknownIdentifierType(ValueError):
    """A column was said to hold a type of identifier that it can't hold."""


def form_of(types: tuple[IdentifierType, ...], chosen: str = "") -> Form:
    """Return what makes a plain value the form to send, as the type chosen for the column, or the usual one."""
    known = {each.name: each for each in types}
    if chosen and chosen not in known:
        raise UnknownIdentifierType(chosen)
    wanted = known[chosen] if chosen else types[0]
    tries = tuple((re.compile(each.shape), each) for each in (*wanted.tries, wanted))

    def form(text: str) -> Any:
        if not sendable(text):
            raise refusal("characters")
        for shape, kind in tries:
            if shape.fullmatch(text):
                value = int(text) if kind.as_integer and text.isdigit() else text
                return {"type": kind.name, "value": value} if kind.typed else value
        raise refusal("identifier", message=wanted.remedy, value=shown(text), type=wanted.name)

    return form


def identifier_reader(types: tuple[IdentifierType, ...], chosen: str = "") -> Form:
    """Return a reader of one identifier: a plain value, or {"type": …, "value": …} in JSON."""
    form = form_of(types, chosen)

    def identifier(cell: str) -> Any:
        return _typed(json_value(cell), types, form) if cell[0] == "{" else form(cell)

    return identifier


def identifiers_reader(types: tuple[IdentifierType, ...], chosen: str = "") -> Form:
    """Return a reader of a list of identifiers, parted by marks or written in JSON."""
    form = form_of(types, chosen)

    def identifiers(cell: str) -> list[Any]:
        if cell[0] == "[":
            return [_typed(each, types, form) for each in _listed(cell)]
        if cell[0] == "{":
            return [_typed(json_value(cell), types, form)]
        return [form(each) for each in parted(cell)]

    return identifiers


def texts(cell: str) -> list[str]:
    """Return a list of texts, parted by marks or written in JSON."""
    found = _listed(cell) if cell[0] == "[" else list(parted(cell))
    for each in found:
        if not isinstance(each, str):
            raise refusal("list_item", value=shown(str(each)))
        if not sendable(each):
            raise refusal("characters")
    return found


def parted(cell: str) -> Iterable[str]:
    """Yield the values of a list."""
    return (stripped for each in BETWEEN.split(cell) if (stripped := each.strip()))


def being_typed(cell: str) -> tuple[str, str]:
    """Return of a list that somebody types what stands before its last value, and that value."""
    end = max((mark.end() for mark in BETWEEN.finditer(cell)), default=0)
    value = cell[end:].lstrip()
    return cell[: len(cell) - len(value)], value.rstrip()


def _listed(cell: str) -> list[Any]:
    value = json_value(cell)
    if not isinstance(value, list):
        raise refusal("json_list", value=shown(cell))
    return value


def _typed(value: Any, types: tuple[IdentifierType, ...], form: Form) -> Any:
    """Return a value out of JSON as it is sent."""
    if isinstance(value, dict):
        if set(value) != {"type", "value"}:
            raise refusal("json_object", value=shown(str(value)), message=TYPE_AND_VALUE)
        name, inner = str(value["type"]), value["value"]
        if name not in {each.name for each in types if each.typed}:
            names = ", ".join(each.name for each in types if each.typed)
            raise refusal("unknown_identifier_type", type=shown(name), types=names)
        return _scalar(inner, form_of(types, name))
    return _scalar(value, form)


def _scalar(value: Any, form: Form) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise refusal("identifier", value=shown(str(value)), type="", message=SCALAR)
    return form(str(value))


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


TYPE_AND_VALUE = _("An identifier in JSON is an object of exactly two members: type and value.")
SCALAR = _("An identifier is a text or a whole number.")
