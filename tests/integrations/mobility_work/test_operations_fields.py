"""Every column says what openapi.yaml says of its property, and no property lacks a column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.mobility_work.operations import OPERATIONS, TABLE
from integrations.mobility_work.terms import normalise
from integrations.spec import Field, IdentifierType, Kind, Operation, UnknownName

ROOT = Path(__file__).parents[3]
DOCUMENT = yaml.safe_load((ROOT / "integrations" / "mobility_work" / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
IDENTIFIERS = {f"#/components/schemas/{name}Identifier" for name in ("SparePart", "Equipment", "Assignee", "Tag")}
Schema = dict[str, Any]


def resolved(schema: Schema) -> Schema:
    """Return a schema with its reference, and a choice between it and null, made one flat schema."""
    if "$ref" in schema and schema["$ref"] not in IDENTIFIERS:
        target = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
        return resolved({**target, **{key: value for key, value in schema.items() if key != "$ref"}})
    if len(schema.get("oneOf", [])) == 2 and schema["oneOf"][1] == {"type": "null"}:
        inner = resolved(schema["oneOf"][0])
        return {**inner, "type": [inner["type"], "null"]}
    return schema


def item_schema(name: str) -> Schema:
    """Return the schema of one row of an operation."""
    for path in DOCUMENT["paths"].values():
        for described in path.values():
            if described["operationId"] == name:
                body = resolved(described["requestBody"]["content"]["application/json"]["schema"])
                return resolved(body["items"]) if body["type"] == "array" else body
    raise AssertionError(name)


def types(schema: Schema) -> set[str]:
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def leaves(
    schema: Schema, path: tuple[str, ...] = (), *, required: bool = True, nullable: bool = False
) -> Iterator[Any]:
    """Yield path, schema, whether it must be there and whether it may be null, of every property that is a value.

    An object whose members are named is walked into; its own null counts for its first member.
    """
    first = True
    for name, given in schema["properties"].items():
        inner = resolved(given)
        if inner.get("deprecated"):
            continue
        null = "null" in types(inner)
        # The vendor names no required member of its small objects: the first is what makes the object meaningful.
        needed = required and (name in schema.get("required", []) or (bool(path) and first))
        if "properties" in inner and "object" in types(inner):
            yield from leaves(inner, (*path, name), required=name in schema.get("required", []), nullable=null)
        else:
            yield (*path, name), inner, needed, null or (nullable and first)
        first = False


PROPERTIES = [
    pytest.param(operation, *leaf, id=f"{operation.name}-{'.'.join(leaf[0])}")
    for operation in TABLE
    for leaf in leaves(item_schema(operation.name))
]


def column(operation: Operation, path: tuple[str, ...]) -> Field:
    (found,) = [field for field in operation.fields if field.path == path]
    return found


@pytest.mark.parametrize(("operation", "path", "schema", "required", "nullable"), PROPERTIES)
def test_a_column_says_what_the_vendor_says(
    operation: Operation, path: tuple[str, ...], schema: Schema, required: bool, nullable: bool
) -> None:
    field = column(operation, path)
    assert (field.required, field.nullable) == (required, nullable)
    assert field.default == schema.get("default")
    limits = ("minLength", "maxLength", "pattern", "minimum")
    ours = (field.min_length, field.max_length, field.pattern, field.minimum)
    assert ours == tuple(schema.get(limit) for limit in limits)
    assert list(field.choices) == schema.get("enum", [])
    assert not {"maximum", "exclusiveMinimum", "multipleOf", "minItems", "maxItems", "minProperties"} & set(schema)
    assert schema.get("format") == {Kind.DATETIME: "date-time", Kind.UUID: "uuid"}.get(field.kind)


def expected_kinds(schema: Schema) -> set[Kind]:
    """Return the kinds of column that produce what a schema takes."""
    if schema.get("$ref") in IDENTIFIERS:
        return {Kind.IDENTIFIER}
    (name,) = types(schema) - {"null"}
    if name == "array":
        items = resolved(schema["items"])
        if items.get("$ref") in IDENTIFIERS:
            return {Kind.IDENTIFIERS}
        return {Kind.TEXTS} if types(items) == {"string"} else {Kind.OBJECTS}
    return {
        "string": {Kind.TEXT, Kind.DATETIME, Kind.UUID, Kind.CURRENCY},
        "integer": {Kind.INTEGER, Kind.MONEY},
        "number": {Kind.DECIMAL},
        "boolean": {Kind.BOOLEAN},
        "object": {Kind.OBJECT},
    }[name]


@pytest.mark.parametrize(("operation", "path", "schema", "required", "nullable"), PROPERTIES)
def test_a_column_is_of_the_right_kind(
    operation: Operation, path: tuple[str, ...], schema: Schema, required: bool, nullable: bool
) -> None:
    field = column(operation, path)
    assert field.kind in expected_kinds(schema)
    if field.kind is Kind.OBJECTS:
        members = resolved(schema["items"])["properties"]
        assert field.text_members == tuple(name for name, each in members.items() if types(each) == {"string"})
    if field.identifiers:
        reference = schema.get("$ref") or schema["items"]["$ref"]
        known = set(known_types(SCHEMAS[reference.rsplit("/", 1)[1]]))
        sent = {each.name for each in every_type(field) if each.typed}
        assert sent == known


def known_types(identifier: Schema) -> Iterator[str]:
    for form in identifier["oneOf"]:
        kind = form.get("properties", {}).get("type", {})
        yield from kind.get("x-known-values", [kind["const"]] if "const" in kind else [])


def every_type(field: Field) -> Iterator[IdentifierType]:
    for each in field.identifiers:
        yield each
        yield from each.tries


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_there_is_no_column_without_a_property(operation: Operation) -> None:
    schema = item_schema(operation.name)
    paths = [path for path, *_rest in leaves(schema)]
    ours = [field.path for field in operation.fields if field.kind is not Kind.ADVANCED]
    assert ours == paths, "in the vendor's order"
    is_open = schema.get("additionalProperties", False)
    assert is_open == any(field.kind is Kind.ADVANCED for field in operation.fields)
    assert operation.min_properties == schema.get("minProperties", 0)


def test_what_the_vendor_removes_is_never_sent() -> None:
    gone = [name for name, each in SCHEMAS["TaskCreate"]["properties"].items() if each.get("deprecated")]
    assert gone == ["emailToCreator"]
    with pytest.raises(UnknownName):
        OPERATIONS["scheduleTask"].field("emailToCreator")


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_an_operation_is_explained_and_its_columns_too(operation: Operation) -> None:
    assert all((operation.label, operation.noun, operation.explanation, operation.icon, operation.family))
    assert all(field.label and field.help and field.example for field in operation.fields)
    assert operation.updates == operation.name.startswith(("update", "replace"))


@pytest.mark.parametrize("operation", TABLE, ids=lambda operation: operation.name)
def test_a_heading_means_one_column(operation: Operation) -> None:
    taken: dict[str, str] = {}
    for field in operation.fields:
        for heading in {normalise(each) for each in (field.name, field.label, *field.synonyms)}:
            letters = "".join(filter(str.isalnum, heading))
            assert letters
            assert taken.setdefault(letters, field.name) == field.name, letters


def test_an_icon_is_in_the_sprite() -> None:
    (sprite,) = (ROOT / "static").rglob("*sprite*.svg")
    drawn = sprite.read_text(encoding="utf-8")
    assert all(f'id="{operation.icon}"' in drawn for operation in TABLE)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": Kind.IDENTIFIER}, {"kind": Kind.CHOICE}, {"pattern": "^a"}, {"path": ()}, {"kind": Kind.ADVANCED}],
    ids=str,
)
def test_a_column_that_could_not_be_checked_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="thing"):
        Field(**{"name": "thing", "label": "Thing", "help": "A thing.", "kind": Kind.TEXT, "path": ("thing",), **wrong})
