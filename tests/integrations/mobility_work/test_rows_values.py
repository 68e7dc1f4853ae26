"""What people type becomes what the vendor takes: numbers, money, moments, identifiers, cleared and empty cells."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.rows import RowContext, RowReader, row_reader

PARIS = ZoneInfo("Europe/Paris")
REFERENCE = {"type": "externalReference", "value": "A-1"}


def reader(operation: str, **context: Any) -> RowReader:
    return row_reader(OPERATIONS[operation], RowContext(**{"time_zone": PARIS, "currency": "EUR", **context}))


def update(cells: dict[str, str], **context: Any) -> dict[str, Any]:
    """Return what an update of a part sends besides its identifier."""
    checked = reader("updateSpareParts", **context).read({"id": "A-1", **cells})
    assert checked.errors == ()
    assert checked.item is not None
    assert checked.item.pop("id") == REFERENCE
    return checked.item


def codes(operation: str, cells: dict[str, str], **context: Any) -> list[tuple[str, str]]:
    checked = reader(operation, **context).read(cells)
    assert checked.item is None
    assert all(error.plain() for error in checked.errors)
    return [(error.column, error.code) for error in checked.errors]


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [
        ("EUR", "35,00", 3500), ("EUR", "35.00", 3500), ("EUR", "35", 3500), ("EUR", "35,5", 3550),
        ("EUR", "1 234,50", 123450), ("EUR", "1\u202f234,50", 123450), ("EUR", "1'234.50", 123450),
        ("EUR", "0,07", 7), ("EUR", "1 234 567", 123456700), ("EUR", "-1,10", -110),
        ("JPY", "1200", 1200), ("JPY", "1 200", 1200), ("TND", "35,5", 35500), ("TND", "35.500", 35500),
        ("CLF", "1.2345", 12345), ("IQD", "1.5", 1500),
    ],
)  # fmt: skip
def test_money_is_sent_in_the_smallest_unit(currency: str, typed: str, minor: int) -> None:
    assert update({"unitPrice": typed}, currency=currency) == {"unitPrice": {"amount": minor, "currency": currency}}


def test_the_row_may_name_another_currency() -> None:
    row = {"unitPrice": "35,5", "unitPrice.currency": "tnd"}
    assert update(row) == {"unitPrice": {"amount": 35500, "currency": "TND"}}
    assert update(row, currency="") == {"unitPrice": {"amount": 35500, "currency": "TND"}}


@pytest.mark.parametrize(
    ("row", "context", "error"),
    [
        ({"unitPrice": "35,00"}, {"currency": "JPY"}, ("unitPrice", "too_many_decimals")),
        ({"unitPrice": "35.001"}, {}, ("unitPrice", "too_many_decimals")),
        ({"unitPrice": "35,500"}, {"currency": "TND"}, ("unitPrice", "ambiguous_number")),
        ({"unitPrice": "35,00"}, {"decimal_comma": False}, ("unitPrice", "decimal_comma")),
        ({"unitPrice": "1.234,50"}, {}, ("unitPrice", "decimal")),
        ({"unitPrice": "1 23,50"}, {}, ("unitPrice", "decimal")),
        ({"unitPrice": "٣٥"}, {}, ("unitPrice", "decimal")),
        ({"unitPrice": "35"}, {"currency": ""}, ("unitPrice.currency", "currency_missing")),
        ({"unitPrice.currency": "EUR"}, {}, ("unitPrice.currency", "currency_alone")),
        ({"unitPrice": "∅", "unitPrice.currency": "EUR"}, {}, ("unitPrice.currency", "currency_alone")),
    ],
)
def test_money_that_is_in_doubt_is_refused(
    row: dict[str, str], context: dict[str, Any], error: tuple[str, str]
) -> None:
    assert codes("updateSpareParts", {"id": "A-1", **row}, **context) == [error]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("6", 6), ("6,5", 6.5), ("6.5", 6.5), ("6,0", 6), ("2.500", 2.5), ("0,125", 0.125), ("1 234,125", 1234.125)],
)
def test_a_decimal_may_have_a_comma(typed: str, sent: float) -> None:
    found = update({"minimumStock": typed})["minimumStock"]
    assert (found, type(found)) == (sent, type(sent))


def test_a_comma_before_three_digits_needs_a_word_of_the_person() -> None:
    row = {"id": "A-1", "minimumStock": "2,500"}
    assert codes("updateSpareParts", row) == [("minimumStock", "ambiguous_number")]
    assert update({"minimumStock": "2,500"}, decimal_comma=True) == {"minimumStock": 2.5}
    assert codes("updateSpareParts", row, decimal_comma=False) == [("minimumStock", "decimal_comma")]


@pytest.mark.parametrize(("typed", "sent"), [("12", 12), ("0", 0), ("007", 7), (" 12 ", 12), ("1 200", 1200)])
def test_a_whole_number_is_whole(typed: str, sent: int) -> None:
    checked = reader("replaceSparePartStock").read({"id": "A-1", "quantity": typed})
    assert checked == ({"id": REFERENCE, "quantity": sent}, ())


@pytest.mark.parametrize("typed", ["12,0", "12.0", "12a", "+12", "١٢", "1 2", "1e3", "²"])
def test_what_is_no_whole_number_is_refused(typed: str) -> None:
    assert codes("replaceSparePartStock", {"id": "A-1", "quantity": typed}) == [("quantity", "integer")]


def test_empty_leaves_and_the_token_clears() -> None:
    assert update({"name": "", "description": "  ", "gtin": "∅", "unitPrice": "∅", "tags": "∅"}) == {
        "gtin": None,
        "unitPrice": None,
        "tags": None,
    }
    assert update({"gtin": "(none)"}, clear_token="(none)") == {"gtin": None}
    assert codes("updateSpareParts", {"id": "∅", "name": "∅", "externalReference": "∅"}) == [
        ("id", "clear_not_allowed"),
        ("name", "clear_not_allowed"),
        ("externalReference", "clear_not_allowed"),
    ]


def test_leading_zeros_and_line_breaks_are_kept() -> None:
    assert update({"gtin": "00000012", "description": "one\ntwo"}) == {"gtin": "00000012", "description": "one\ntwo"}
