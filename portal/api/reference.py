"""The page that shows the read API: made from the document that programs get, by the server alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from pydantic_core import to_json

from portal.api.document import document
from portal.networks.middleware import PortalRequest

AREAS = ("Networks", "Events", "Stock", "Tasks", "Jobs")
SAMPLES = {"network": "lyon", "position": 4711, "job": "0198c2de-7b3a-7c11-9f4e-2f6a1d0c5e77"}
NEEDED = {"sparePart": "id:88197", "moment": "2025-12-31T23:59:59"}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of an answer."""

    name: str
    type: str
    description: SafeString
    is_required: bool = False
    values: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for."""

    id: str
    path: str
    summary: str
    description: tuple[SafeString, ...]  # paragraphs
    parameters: tuple[Field, ...]
    fields: tuple[Field, ...]
    command: str
    example: str
    has_csv: bool


@require_GET
def reference(request: PortalRequest) -> HttpResponse:
    """Show what the API can be asked for, with examples."""
    schema = document()
    areas: dict[str, list[Operation]] = {area: [] for area in AREAS}
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            areas[operation["tags"][0]].append(_operation(schema, path, operation))
    organizations = [item for item in request.access.organizations if item.id in request.access.admin_of]
    return render(
        request,
        "api/reference.html",
        {
            "areas": areas,
            "base": settings.PORTAL_BASE_URL,
            "limit": settings.PORTAL_API_CALLS_PER_MINUTE,
            "organizations": organizations,
            "errors": next(iter(next(iter(schema["paths"].values())).values()))["responses"],
        },
    )


def _operation(schema: dict[str, Any], path: str, operation: dict[str, Any]) -> Operation:
    content = operation["responses"]["200"]["content"]
    answer = _resolved(schema, content["application/json"]["schema"])
    has_csv = "text/csv" in content
    item = _resolved(schema, answer["properties"]["items"]["items"]) if has_csv else answer
    example: Any = _example(schema, item)
    if has_csv:
        example = {"items": [example], "next": None}
    return Operation(
        id=operation["operationId"],
        path=path,
        summary=operation["summary"],
        description=tuple(_prose(each) for each in operation["description"].split("\n\n")),
        parameters=tuple(_parameter(each) for each in operation["parameters"]),
        fields=tuple(_fields(schema, item)),
        command=_command(path, operation["parameters"]),
        example=to_json(example, indent=2).decode(),
        has_csv=has_csv,
    )


def _command(path: str, parameters: list[dict[str, Any]]) -> str:
    query = {each["name"]: NEEDED[each["name"]] for each in parameters if each["in"] == "query" and each["required"]}
    address = settings.PORTAL_BASE_URL + path.format(**SAMPLES) + (f"?{urlencode(query)}" if query else "")
    return f'curl -H "Authorization: Bearer $TOKEN" "{address}"'


def _parameter(parameter: dict[str, Any]) -> Field:
    schema = parameter["schema"]
    inner = schema.get("items", schema)
    words = parameter["description"]
    if "default" in schema and schema["default"] not in ([], ""):
        words = f"{words} Default `{schema['default']}`."
    return Field(
        name=parameter["name"],
        type=_type(schema),
        description=_prose(words),
        is_required=parameter["required"],
        values=tuple(inner.get("enum", ())),
    )


def _fields(schema: dict[str, Any], item: dict[str, Any]) -> Iterator[Field]:
    for name, value in item["properties"].items():
        inner = value.get("items", {})
        nested = tuple(_fields(schema, _resolved(schema, inner))) if "$ref" in inner else ()
        yield Field(name=name, type=_type(value), description=_prose(value.get("description", "")), fields=nested)


def _prose(text: str) -> SafeString:
    """Return a text whose words in backticks are code."""
    parts = [
        format_html("<code>{}</code>", part) if number % 2 else part for number, part in enumerate(text.split("`"))
    ]
    return format_html_join("", "{}", ((part,) for part in parts))


def _type(schema: dict[str, Any]) -> str:
    """Return a type in a word or two."""
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}[]"
    return str(schema.get("format") or schema.get("type", "object"))


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    return found


def _example(schema: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    return {name: _sample(schema, value) for name, value in item["properties"].items()}


def _sample(schema: dict[str, Any], value: dict[str, Any]) -> Any:
    if value.get("examples"):
        return value["examples"][0]
    if "$ref" in value.get("items", {}):
        return [_example(schema, _resolved(schema, value["items"]))]
    return None
