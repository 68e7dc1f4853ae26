"""Everything that can be said of a row or a file before and after it is sent, as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.cell_errors import MESSAGES, CellError
from integrations.mobility_work.messages import describe
from portal.lib.tabular import TabularError, error_of

# What the portal itself finds, besides the checks of cells and of files. Placeholders are the parameters.
FOUND = {
    "double": _("Row {row} has the same name, with other values. Keep one of the two rows."),
    "same_again": _("Row {row} says the same. One of the two is enough."),
    "double_created": _("Row {row} has the same name: two things with one name would be made."),
    "same_row": _("Row {row} says exactly the same: two would be made."),
    "several": _("{count} things of this network have the reference {value}. All of them will be set."),
    "never_seen": _("No event of this network has named {value} so far. Is it written correctly?"),
    "seen_before": _("{value} was seen on this network already: this may make a double."),
    "far_more": _("{times} times what was last seen ({known}). Is a decimal sign missing?"),
    "far_less": _("1/{times} of what was last seen ({known}). Is a digit missing?"),
    "to_zero": _("The stock becomes 0; last seen: {known}."),
    "typed_as_number": _(
        "The column “{heading}” holds numbers in {count} rows: leading zeros, if there were any, are gone. "
        "Format the column as text and type those again."
    ),
    "nothing_seen": _(
        "No event of this network has named any {kinds} so far, so it could not be checked whether the names are right."
    ),
    "moves_everything": _(
        "Each row moves the whole stock of its part: Mobility Work takes no quantity. Rows without a place of origin "
        "leave it to Mobility Work what moves."
    ),
}
# Short words for what was found, to filter by.
KINDS = {
    "double": _("comes twice"),
    "same_again": _("comes twice"),
    "double_created": _("comes twice"),
    "same_row": _("comes twice"),
    "several": _("several with one name"),
    "never_seen": _("never seen"),
    "seen_before": _("seen before"),
    "far_more": _("unusual quantity"),
    "far_less": _("unusual quantity"),
    "to_zero": _("unusual quantity"),
    "required": _("missing"),
    "too_short": _("length"),
    "too_long": _("length"),
    "min": _("too small"),
    "integer": _("no number"),
    "decimal": _("no number"),
    "decimal_comma": _("no number"),
    "ambiguous_number": _("no number"),
    "moment": _("no date"),
    "identifier": _("identifier"),
    "choice": _("not allowed"),
    "pattern": _("form"),
}

Stored = dict[str, Any]  # {"column", "code", "params"} and, where the words are not the usual ones, "message"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is said of a cell (or, without a column, of its row)."""

    column: str
    code: str
    text: str


def stored(error: CellError) -> Stored:
    """Return what a check found as plain JSON."""
    found: Stored = {"column": error.column, "code": error.code, "params": dict(error.params)}
    if error.message != MESSAGES.get(error.code):
        found["message"] = error.message
    return found


def found(code: str, column: str = "", /, **params: str | int | float) -> Stored:
    """Return one of FOUND as plain JSON."""
    FOUND[code]
    return {"column": column, "code": code, "params": params}


def stored_file_error(error: TabularError) -> Stored:
    """Return what is wrong with a file, or one of its lines, as plain JSON."""
    return {"column": "", "code": error.code, "params": error.params}


def shown(problem: Stored) -> Problem:
    """Return a problem in the language of whoever reads it now."""
    code, params = problem["code"], problem["params"]
    if code in TabularError.by_code:
        return Problem("", code, str(error_of(code, params)))
    template = FOUND[code] if code in FOUND else gettext(problem.get("message") or MESSAGES[code])
    return Problem(problem["column"], code, str(template).format_map(_in_words(params)))


def _in_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers as people write them; texts as they are, for they came from a cell."""
    return {
        name: number_format(value) if isinstance(value, (int, float)) and name != "row" else value
        for name, value in params.items()
    }


def kind_of(code: str) -> str:
    """Return a word or two that a filter shows for a code."""
    return str(KINDS.get(code, code.replace("_", " ")))


def said_by_vendor(errors: list[dict[str, Any]]) -> list[str]:
    """Return what Mobility Work said of a row, one sentence each."""
    sentences = []
    for error in errors:
        sentence = describe(error.get("key") or "", error.get("parameters") or {})
        where = ".".join(str(part) for part in error.get("path") or [])
        said = gettext(sentence.template).format(**{name: each.text for name, each in sentence.arguments.items()})
        sentences.append(f"{where}: {said}" if where else said)
    return sentences
