"""Everything that can be said of a row or a file before and after it is sent, as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.cell_errors import MESSAGES, CellError
from integrations.mobility_work.messages import describe
from portal.jobs.places import Places
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
    "below_minimum": _("The stock falls below its minimum of {minimum}; last seen: {known}."),
    "check_failed": _(
        "The check failed {count} times, for a fault of the portal. The file is kept and nothing was sent. Check it "
        "once more; if it fails again, tell whoever runs the portal, with this reference: {value}."
    ),
    "moved_since": _(
        "{times} movements since the sheet was made ({change}). Keep your count, add them to it ({then}), or leave the "
        "row out."
    ),
    "moved_unknown": _(
        "{times} movements since the sheet was made; by how much is not known. Keep your count, count again, or leave "
        "the row out."
    ),
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
# The same of rows about spare parts, which are called by their reference.
OF_PARTS = {
    "double": _("Row {row} has the same reference, with other values. Keep one of the two rows."),
    "double_created": _("Row {row} has the same reference: two parts with one reference would be made."),
}
# Short words for what was found, to filter by: each with its codes. What is in none of them is "other".
KINDS: dict[str, tuple[str | Promise, frozenset[str]]] = {
    "missing": (_("missing"), frozenset({"required", "time_missing", "currency_missing", "too_few"})),
    "number": (
        _("not a number"),
        frozenset({"integer", "decimal", "decimal_comma", "ambiguous_number", "min", "max", "too_many_decimals"}),
    ),
    "date": (
        _("not a date"),
        frozenset({"moment", "moment_range", "no_such_time", "ambiguous_time"}),
    ),
    "order": (_("end before start"), frozenset({"before_start"})),
    "length": (_("length"), frozenset({"too_short", "too_long"})),
    "form": (
        _("wrong form"),
        frozenset({"pattern", "identifier", "choice", "boolean", "uuid", "currency", "json", "json_object"}),
    ),
    "twice": (_("comes twice"), frozenset({"double", "same_again", "double_created", "same_row"})),
    "never-seen": (_("never seen"), frozenset({"never_seen"})),
    "seen-before": (_("seen before"), frozenset({"seen_before"})),
    "several": (_("several with one name"), frozenset({"several"})),
    "moved": (_("moved since the count"), frozenset({"moved_since", "moved_unknown"})),
    "unusual": (_("unusual quantity"), frozenset({"far_more", "far_less", "to_zero", "below_minimum"})),
}
OTHER = "other"
REJECTED = "rejected"  # the code of whatever Mobility Work said
# The kinds of things that events name, in the plural.
THINGS = {
    "part": _("spare parts"),
    "location": _("storage locations"),
    "equipment": _("equipment"),
    "person": _("people"),
    "task": _("tasks"),
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
    if code == "nothing_seen":
        params = {"kinds": ", ".join(str(THINGS.get(kind, kind)) for kind in str(params["kinds"]).split(", "))}
    if params.get("thing") == "part" and code in OF_PARTS:
        template: str | Promise = OF_PARTS[code]
    else:
        template = FOUND[code] if code in FOUND else gettext(problem.get("message") or MESSAGES[code])
    return Problem(problem["column"], code, str(template).format_map(_in_words(params)))


def _in_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers as people write them; texts as they are, for they came from a cell."""
    return {
        name: number_format(value) if isinstance(value, (int, float)) and name != "row" else value
        for name, value in params.items()
    }


def kind_of(code: str) -> str:
    """Return the kind, a key of KINDS or OTHER, that a filter offers for a code."""
    return next((kind for kind, (_words, codes) in KINDS.items() if code in codes), OTHER)


def kind_words(kind: str) -> str:
    """Return the word or two that a filter shows for a kind."""
    return str(KINDS[kind][0]) if kind in KINDS else gettext("other")


def said_by_vendor(errors: list[dict[str, Any]], places: Places) -> list[Problem]:
    """Return what Mobility Work said of a row; where it names no column of ours, in front is what it names."""
    problems = []
    for error in errors:
        sentence = describe(error.get("key") or "", error.get("parameters") or {})
        said = gettext(sentence.template).format(**{name: each.text for name, each in sentence.arguments.items()})
        path = tuple(str(part) for part in error.get("path") or [])
        column = places.column_at(path)
        text = said if column or not path else f"{'.'.join(path)}: {said}"
        problems.append(Problem(column, REJECTED, text))
    return problems
