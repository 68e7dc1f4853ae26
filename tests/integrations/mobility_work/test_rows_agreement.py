"""What our checks let through, the vendor's contract lets through too; what it refuses, we refuse in the right cell."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from integrations.mobility_work.operations import OPERATIONS, TABLE
from integrations.mobility_work.rows import RowContext, RowReader, row_reader
from integrations.sandbox import contract
from integrations.spec import Field, Kind, Operation

CONTEXTS = [
    RowContext(time_zone=ZoneInfo("Europe/Paris"), currency="EUR"),
    RowContext(time_zone=ZoneInfo("Africa/Cairo"), currency="TND", decimal_comma=True),
    RowContext(time_zone=ZoneInfo("Asia/Tokyo"), currency="JPY", decimal_comma=False, clear_token="NULL"),
]
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
DIGITS = st.integers(0, 10**18).map(str)
EMAILS = st.emails()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
TYPED = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["native", "external", "externalReference", "code", "email", "other"]),
        "value": DIGITS.map(int) | WORDS | EMAILS,
    }
)
MOMENTS = st.datetimes().flatmap(
    lambda at: st.sampled_from([
        at.isoformat(), f"{at:%Y-%m-%d %H:%M}", f"{at:%d/%m/%Y}", f"{at:%d.%m.%Y %H:%M:%S}", f"{at:%Y-%m-%dT%H:%M}Z",
        f"20{at:%y-%m-%d %H:%M:%S}+05:30", f"20{at:%y-%m-%d %Hh%M}", f"20{at:%y-%m-%d}",
    ])
)  # fmt: skip
NUMBERS = st.from_regex(r"-?[0-9]{1,16}([.,][0-9]{1,4})?", fullmatch=True) | st.from_regex(
    r"[0-9]{1,3}( [0-9]{3}){1,3}(,[0-9]{2})?", fullmatch=True
)
MEMBERS = st.dictionaries(st.sampled_from(["name", "value", "code", "action", "stock", "unitPrice", "id"]), JSON)


def likely(field: Field) -> SearchStrategy[str]:
    """Return cells as people fill them in, right or nearly right."""
    listed = st.lists(DIGITS | EMAILS | WORDS, max_size=3)
    match field.kind:
        case Kind.INTEGER | Kind.DECIMAL | Kind.MONEY:
            return NUMBERS | st.integers(0, 500).map(str)
        case Kind.BOOLEAN:
            return st.sampled_from(["yes", "NO", "oui", "Non", "x", "1", "faux", "2"])
        case Kind.CURRENCY:
            return st.sampled_from(["EUR", "jpy", "TND", "XAU", "€"])
        case Kind.DATETIME:
            return MOMENTS
        case Kind.UUID:
            return st.uuids().map(str)
        case Kind.IDENTIFIER:
            return DIGITS | WORDS | EMAILS | TYPED.map(json.dumps) | st.uuids().map(str)
        case Kind.TEXTS | Kind.IDENTIFIERS:
            typed = st.lists(TYPED | DIGITS.map(int) | WORDS, max_size=3).map(json.dumps)
            return listed.map("; ".join) | EMAILS | typed
        case Kind.OBJECTS:
            return st.lists(MEMBERS, max_size=3).map(json.dumps)
        case Kind.OBJECT | Kind.ADVANCED:
            return MEMBERS.map(json.dumps) | st.dictionaries(WORDS, JSON, max_size=2).map(json.dumps)
        case _:
            return WORDS | DIGITS | st.text(min_size=3, max_size=300)


def cell(field: Field) -> SearchStrategy[str]:
    odd = st.sampled_from(["∅", "NULL", "", " ", "null", "{}", "[]", "0", field.example])
    return st.one_of(likely(field), likely(field), st.just(field.example), odd, st.text(max_size=12))


def rows(operation: Operation) -> SearchStrategy[dict[str, str]]:
    needed = {field.name: cell(field) for field in operation.fields if field.needed}
    return st.fixed_dictionaries(
        needed, optional={field.name: cell(field) for field in operation.fields if not field.needed}
    )


def refusal(operation: Operation, item: dict[str, Any]) -> object:
    sent = json.loads(json.dumps(item, allow_nan=False).encode())
    return contract.operations()[operation.name].refusal(sent if operation.bulk_limit == 1 else [sent])


READERS: dict[str, list[RowReader]] = {
    operation.name: [row_reader(operation, context) for context in CONTEXTS] for operation in TABLE
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_contract_takes_what_we_let_through(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    reader = data.draw(st.sampled_from(READERS[operation.name]))
    cells = data.draw(rows(operation))
    checked = reader.read(cells)
    assert (checked.item is None) == bool(checked.errors)
    for error in checked.errors:
        assert error.column in {"", *(field.name for field in operation.fields)}
        assert error.plain()
    if checked.item is not None:
        assert refusal(operation, checked.item) is None
