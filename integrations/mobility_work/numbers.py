"""Reads what people type as numbers and amounts of money; what could mean two things is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from iso4217 import Currency

from integrations.mobility_work.cell_errors import refusal, shown

# Thousands may be parted by a space, also one that does not break, or an apostrophe (Swiss): one kind in a number.
NUMBER = re.compile(
    r"(?P<sign>-?)(?P<whole>[0-9]+|[0-9]{1,3}(?P<gap>[ \u00a0\u202f\u2009'’])[0-9]{3}(?:(?P=gap)[0-9]{3})*)"
    r"(?:(?P<mark>[.,])(?P<fraction>[0-9]+))?"
)
GAPS = str.maketrans("", "", " \u00a0\u202f\u2009'’")
MAX_DIGITS = 15  # what every JSON reader keeps exactly


def integer(cell: str) -> int:
    """Return a whole number."""
    if cell.isascii() and cell.isdigit() and len(cell) <= MAX_DIGITS:
        return int(cell)
    found = NUMBER.fullmatch(cell)
    if found is None or found["fraction"] is not None:
        raise refusal("integer", value=shown(cell))
    digits = found["whole"].translate(GAPS)
    if len(digits) > MAX_DIGITS:
        raise refusal("max", max=MAX_DIGITS)
    return int(found["sign"] + digits)


def decimal_reader(decimal_comma: bool | None) -> Callable[[str], Decimal]:
    """Return a reader of decimals; None = nobody said whether the file has decimal commas."""

    def decimal(cell: str) -> Decimal:
        if cell.isascii() and cell.isdigit() and len(cell) <= MAX_DIGITS:
            return Decimal(cell)
        found = NUMBER.fullmatch(cell)
        if found is None:
            raise refusal("decimal", value=shown(cell))
        sign, whole, gap, mark, fraction = found.groups(default="")
        if gap:
            whole = whole.translate(GAPS)
        if len(whole) + len(fraction) > MAX_DIGITS:
            raise refusal("max", max=MAX_DIGITS)
        if mark == ",":
            if decimal_comma is False:
                raise refusal("decimal_comma", value=shown(cell))
            # 1,234 is a thousand and more in English, and less than two in French.
            if decimal_comma is None and len(fraction) == 3 and not gap and 0 < len(whole.lstrip("0")) <= 3:
                raise refusal(
                    "ambiguous_number",
                    value=shown(cell),
                    thousand=f"{sign}{whole}{fraction}",
                    fraction=f"{sign}{whole}.{fraction}",
                )
        return Decimal(f"{sign}{whole}.{fraction}" if fraction else sign + whole)

    return decimal


def as_json_number(value: Decimal) -> int | float:
    """Return a decimal of at most 15 digits as JSON holds it."""
    return int(value) if value == value.to_integral_value() else float(value)


EXPONENTS: dict[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}  # fmt: skip


def currency(cell: str) -> str:
    """Return a currency's code."""
    code = cell.upper()
    if code not in EXPONENTS:
        raise refusal("currency", value=shown(cell))
    return code


def decimals(value: Decimal) -> int:
    """Return how many digits were typed after the decimal mark."""
    return len(f"{value:f}".partition(".")[2])


def minor_units(amount: Decimal, code: str) -> int | None:
    """Return an amount in the currency's smallest unit (ISO 4217), or None when it has too many decimals."""
    exponent = EXPONENTS[code]
    return int(amount.scaleb(exponent)) if decimals(amount) <= exponent else None
