"""Keeps a spreadsheet from taking text for a formula, in a way that reading undoes exactly.

A cell is escaped by an apostrophe in front, as people do in a spreadsheet. Reading takes one apostrophe off where
escaping could have put it, so a cell that is like that by itself gets one more in either mode of writing.
"""

from __future__ import annotations

import re

# Full-width signs too: some spreadsheets take them for the plain ones.
_APOSTROPHES_AND_START = re.compile(r"('*)([=+\-@\t\r\n＝＋－＠])")
# "-26", "+33 1 23" and "-3,5" calculate nothing: an apostrophe would only turn numbers into text.
_NUMBER = re.compile(r"[+-][0-9][0-9 .,\u00a0\u202f]*")


def _is_like_a_formula(cell: str) -> re.Match[str] | None:
    """The match of apostrophes and start, where what follows the apostrophes would calculate."""
    match = _APOSTROPHES_AND_START.match(cell)
    return match if match and not _NUMBER.fullmatch(cell, match.end(1)) else None


def escape(cell: str, *, formulas: bool) -> str:
    """The cell as it is written; with `formulas`, so that a spreadsheet shows it and calculates nothing."""
    match = _is_like_a_formula(cell)
    return f"'{cell}" if match and (formulas or match.group(1)) else cell


def unescape(cell: str) -> str:
    """The cell as it was before `escape`."""
    return cell[1:] if cell.startswith("'") and _is_like_a_formula(cell) else cell
