"""How a spreadsheet names its columns and cells."""

from __future__ import annotations


def column_letters(index: int) -> str:
    """The column (from 0) as a spreadsheet names it: 0 is A, 26 is AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_name(index: int, row: int) -> str:
    """The cell of a column (from 0) and a row (from 1), as a spreadsheet names it: F1043."""
    return f"{column_letters(index)}{row}"
