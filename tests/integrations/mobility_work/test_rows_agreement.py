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


def example_row(operation: Operation) -> dict[str, str]:
    """Return a row with every column filled in as its example says."""
    return {field.name: field.example for field in operation.fields}


def mended(operation: Operation, cells: dict[str, str], columns: set[str]) -> dict[str, str]:
    """Return a row without the values that were refused; what is needed becomes the example."""
    # What is judged together is mended together.
    columns = columns | {first for first, second in operation.ordered if second in columns}
    columns |= {f"{name}.currency" for name in columns if operation.field(name).kind is Kind.MONEY}
    kept = {name: value for name, value in cells.items() if name not in columns}
    needed = {"unitPrice", "stock.quantity"} if operation.short_of else set()
    needed |= {field.name for field in operation.fields if field.needed}
    return kept | {name: operation.field(name).example for name in columns if name in needed}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_who_mends_every_cell_that_is_named_has_a_good_row(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    reader = READERS[name][0]
    cells = data.draw(rows(operation))
    for _attempt in range(4):  # one mend can lead to what could not be judged before
        checked = reader.read(cells)
        if checked.item is not None:
            break
        cells = mended(operation, cells, {error.column for error in checked.errors})
    assert checked.item is not None, checked.errors
    assert refusal(operation, checked.item) is None


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("index", range(len(CONTEXTS) - 1))
def test_the_examples_make_a_good_row(name: str, index: int) -> None:
    operation = OPERATIONS[name]
    checked = READERS[name][index].read(example_row(operation))
    assert checked.errors == ()
    assert checked.item is not None
    assert refusal(operation, checked.item) is None
    assert len(checked.item) >= len({field.path[0] for field in operation.fields if field.path})


BROKEN: dict[Kind, dict[str, str]] = {
    Kind.INTEGER: {"12a": "integer", "12,5": "integer", "1" * 16: "max", "∅": "clear_not_allowed"},
    Kind.DECIMAL: {"12a": "decimal", "1,234.5": "decimal", "1,234": "ambiguous_number", "1" * 16: "max"},
    Kind.MONEY: {"35 €": "decimal", "35,123": "ambiguous_number", "35.123": "too_many_decimals"},
    Kind.CURRENCY: {"XXQ": "currency", "XAU": "currency", "∅": "clear_not_allowed"},
    Kind.BOOLEAN: {"perhaps": "boolean", "2": "boolean", "∅": "clear_not_allowed"},
    Kind.DATETIME: {"03/25/2026": "moment", "2026-02-30": "moment", "tomorrow": "moment", "1926-01-01": "moment_range"},
    Kind.UUID: {"0c8f5d1e": "uuid", "0c8f5d1e-6b7a-4f0e-8a55-91b3f0d7c2ag": "uuid"},
    Kind.IDENTIFIER: {'{"type": "sku", "value": "A"}': "unknown_identifier_type", "{A}": "json", "a\0b": "characters"},
    Kind.IDENTIFIERS: {'[{"type": "sku", "value": "A"}]': "unknown_identifier_type", "[true]": "identifier"},
    Kind.TEXTS: {"[1]": "list_item", "[": "json"},
    Kind.OBJECT: {"[]": "json_object", "{": "json", '{"a": 1e999}': "json", '{"a": "\\u0000"}': "json"},
    Kind.OBJECTS: {"{}": "json_list", "[1]": "json_list", '[{"a": NaN}]': "json"},
    Kind.ADVANCED: {"[]": "json_object", '{"a": 1, "a": 2}': "json", "no": "json"},
    Kind.TEXT: {"a\0b": "characters", "\ud800": "characters"},
}
KINDS = [
    pytest.param(operation.name, field.name, value, code, id=f"{operation.name}-{field.name}-{code}-{number}")
    for operation in TABLE
    for field in operation.fields
    for number, (value, code) in enumerate(BROKEN[field.kind].items())
]


@pytest.mark.parametrize(("name", "column", "value", "code"), KINDS)
def test_one_broken_value_is_named_where_it_stands(name: str, column: str, value: str, code: str) -> None:
    checked = READERS[name][0].read({**example_row(OPERATIONS[name]), column: value})
    assert checked.item is None
    # Where an amount can't be read, whatever else the row says of it stays in doubt and is not held against it.
    assert [(error.column, error.code) for error in checked.errors] == [(column, code)]


def beyond(field: Field) -> dict[str, Any]:
    """Return values just beyond each limit of a column, by the code of ours that refuses them."""
    found: dict[str, Any] = {}
    if field.min_length and field.min_length > 1:
        found["too_short"] = "x" * (field.min_length - 1)
    if field.max_length:
        found["too_long"] = "x" * (field.max_length + 1)
    if field.pattern:
        found["pattern"] = "-x"
    if field.minimum is not None:
        found["min"] = field.minimum - 1
    return found


LIMITS = [
    pytest.param(operation.name, field.name, code, value, id=f"{operation.name}-{field.name}-{code}")
    for operation in TABLE
    for field in operation.fields
    for code, value in beyond(field).items()
]


@pytest.mark.parametrize(("name", "column", "code", "value"), LIMITS)
def test_a_limit_is_the_vendors_limit(name: str, column: str, code: str, value: Any) -> None:
    operation, reader = OPERATIONS[name], READERS[name][0]
    field = operation.field(column)
    refused = reader.read({**example_row(operation), column: str(value)})
    assert [(error.column, error.code) for error in refused.errors] == [(column, code)]
    item = reader.read(example_row(operation)).item
    assert item is not None
    into = item
    for step in field.path[:-1]:
        into = into[step]
    into[field.path[-1]] = value
    named = refusal(operation, item)
    assert isinstance(named, contract.Refusal)
    row = "" if operation.bulk_limit == 1 else "/0"
    assert list(named.property_errors) == [row + "".join(f"/{step}" for step in field.path)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_needed_is_missed_all_at_once(name: str) -> None:
    operation = OPERATIONS[name]
    checked = READERS[name][0].read({})
    needed = {field.name for field in operation.fields if field.needed}
    assert {error.column for error in checked.errors if error.code == "required"} == needed
    assert {error.column for error in checked.errors} - needed <= set(operation.short_of)
