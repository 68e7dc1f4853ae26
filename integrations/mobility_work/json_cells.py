"""Reads cells that hold JSON: only what can be stored and sent unchanged is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any

from integrations.mobility_work.cell_errors import MESSAGES, refusal, shown


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


MAX_DEPTH = 32
TWICE = _("This JSON names a property twice.")
TOO_DEEP = _("This JSON is nested too deeply.")
TOO_LARGE = _("This JSON holds a number that can't be sent exactly.")


class _Unsendable(ValueError):
    """Carries the msgid that says why."""


def json_value(cell: str) -> Any:
    """Return the value of a cell of JSON."""
    try:
        value = json.loads(cell, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_each_once)
        _check(value, depth=0)
    except _Unsendable as error:
        raise refusal("json", message=str(error), value=shown(cell)) from None
    except (ValueError, RecursionError):
        raise refusal("json", value=shown(cell)) from None
    return value


def json_object(cell: str) -> dict[str, Any]:
    """Return the JSON object of a cell."""
    value = json_value(cell)
    if not isinstance(value, dict):
        raise refusal("json_object", value=shown(cell))
    return value


def json_objects_reader(text_members: tuple[str, ...]) -> Callable[[str], list[dict[str, Any]]]:
    """Return a reader of a list of JSON objects, of which some members are texts where they are given."""

    def json_objects(cell: str) -> list[dict[str, Any]]:
        value = json_value(cell)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise refusal("json_list", value=shown(cell))
        for each in value:
            for name in text_members:
                if name in each and not isinstance(each[name], str):
                    raise refusal("json_text", property=name)
        return value

    return json_objects


def sendable(text: str) -> bool:
    """Say whether a text can be stored and sent: no NUL, no half of a surrogate pair."""
    return text.isprintable() or not ("\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text))


def _no_constant(_name: str) -> Any:
    raise _Unsendable(TOO_LARGE)


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise _Unsendable(TOO_LARGE)
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Unsendable(TWICE)
    return value


def _check(value: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Unsendable(TOO_DEEP)
    if isinstance(value, str) and not sendable(value):
        raise _Unsendable(MESSAGES["characters"])
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth=depth)
            _check(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth=depth + 1)
