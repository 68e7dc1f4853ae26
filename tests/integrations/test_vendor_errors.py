"""The vendor's error bodies become rows, property paths and sentences; nothing that it says is lost."""

from __future__ import annotations

import json
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import errors
from integrations.errors import FieldError
from integrations.mobility_work.client import parse_errors
from integrations.mobility_work.messages import MESSAGES, all_messages, describe

ROWS = [{"id": "ROUL-6205-2RS", "quantity": 12}, {"id": "COUR-SPB-2240", "quantity": -1}, {"id": "FILT-GA37-OIL"}]
DETAIL = {"messageKey": "error.payload.required", "parameters": {}}


def body(property_errors: object, global_errors: object = ()) -> dict[str, object]:
    return {"extended_message": {"global_errors": global_errors or [], "property_errors": property_errors}}


def test_the_worked_example_of_the_reference() -> None:
    found = parse_errors(
        body({"/1/quantity": [{"messageKey": "error.payload.min", "parameters": {"min": 0}}], "/2/quantity": [DETAIL]}),
        ROWS,
    )
    assert found == (
        FieldError(1, ("quantity",), "error.payload.min", {"min": 0}, "/1/quantity"),
        FieldError(2, ("quantity",), "error.payload.required", {}, "/2/quantity"),
    )
    assert [describe(error.message_key, error.parameters).plain() for error in found] == [
        "Too small: the least is 0.",
        "This value is required.",
    ]


@pytest.mark.parametrize(
    ("pointer", "row", "path"),
    [
        ("/0/tags/1", 0, ("tags", "1")),
        ("/2", 2, ()),
        ("/1/a~1b~0c~01", 1, ("a/b~c~1",)),
        ("/3/quantity", None, ()),  # no such row
        ("/" + "9" * 5000 + "/quantity", None, ()),
        ("/quantity", None, ()),  # rows were sent, not one object
        ("/\u0661/quantity", None, ()),
        ("quantity", None, ()),
        ("", None, ()),
    ],
)
def test_a_pointer_leads_to_what_was_sent_or_is_global(pointer: str, row: int | None, path: tuple[str, ...]) -> None:
    (found,) = parse_errors(body({pointer: [DETAIL]}), ROWS)
    assert (found.row, found.path) == (row, path)
    assert found.is_global == (row is None)
    assert found.pointer == pointer[:300]


def test_one_object_has_no_rows() -> None:
    (found,) = parse_errors(body({"/assignees/1": [DETAIL]}), {"assignees": [1, 2]})
    assert (found.row, found.path) == (None, ("assignees", "1"))
    assert not found.is_global


def test_odd_forms_are_kept_as_global_errors() -> None:
    assert parse_errors(body([]), ROWS) == ()
    found = parse_errors(body({"/0": "plain text", "/1/id": []}, ["Access is closed.", {"messageKey": "k"}]), ROWS)
    assert [(error.row, error.message_key) for error in found] == [
        (None, "Access is closed."), (None, "k"), (0, "plain text"), (1, ""),
    ]  # fmt: skip
    assert [error.message_key for error in parse_errors(body(["loose"]), ROWS)] == ["loose"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON, st.sampled_from([None, ROWS, {"a": 1}]))
def test_any_error_body_is_read(property_errors: object, global_errors: object, payload: object) -> None:
    extended = {"global_errors": global_errors, "property_errors": property_errors}
    for found in parse_errors({"extended_message": extended}, payload):
        assert describe(found.message_key, found.parameters).plain()
        json.dumps([found.message_key, found.pointer])


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_a_known_key_has_a_sentence_with_and_without_its_parameters(key: str) -> None:
    named = {name for template in MESSAGES[key] for _, name, _, _ in Formatter().parse(template) if name}
    whole = describe(key, dict.fromkeys(named, 3))
    assert whole.template == MESSAGES[key][0]
    assert describe(key, {}).template == MESSAGES[key][-1]
    assert {whole.template, describe(key, {}).template} <= set(all_messages())


def test_an_unknown_key_is_shown_as_text() -> None:
    assert describe("Invalid Api Key.", {}).plain() == "Mobility Work says: Invalid Api Key."
    shown = describe("error.payload.max_length", {"max": 255, "seen": {"odd": 1}})
    assert shown.plain() == (
        "Refused, for a reason that the portal has no words for; Mobility Work calls it: "
        "error.payload.max_length (max: 255)"
    )
    assert describe("", {}).plain() == "Mobility Work refuses this value without saying why."
    assert describe("{0.__class__}", {"{x}": "{y}"}).plain().endswith("{0.__class__} ({x}: {y})")


def test_every_error_of_the_tree_says_something_to_a_person() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.VendorError)]
    assert len(kinds) == 9
    assert len({kind.user_message for kind in kinds}) == len(kinds)
