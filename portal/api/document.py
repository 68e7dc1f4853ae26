"""The OpenAPI document of the read API: what django-ninja derives from the routes, and what all of them share."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from portal.api.registry import IS_LIST, api
from portal.api.routes import events, jobs, ledger, networks, stock, tasks

ROUTES = (networks, events, stock, ledger, tasks, jobs)  # to import them is to register them
PREFIX = "api/v1/"
ERROR_EXAMPLE = {
    "error": "bad_parameters",
    "message": "Cannot be understood: limit.",
    "parameters": [{"name": "limit", "message": "Input should be less than or equal to 500"}],
}
ERROR_SCHEMA = {
    "title": "Error",
    "type": "object",
    "required": ["error", "message", "parameters"],
    "properties": {
        "error": {"type": "string", "description": "A stable code.", "examples": ["bad_parameters"]},
        "message": {"type": "string", "description": "What is wrong and what to do.", "examples": ["…"]},
        "parameters": {
            "type": "array",
            "description": "The parameters that cannot be understood; empty for other errors.",
            "items": {
                "type": "object",
                "required": ["name", "message"],
                "properties": {"name": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
ERRORS = {
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "The token lacks the scope.",
    "404": "Not there, or not this token's to see.",
    "406": "The Accept header asks for a form that is not offered.",
    "414": "The address is longer than the server takes.",
    "422": "A parameter is unknown, missing, given twice, or has a value that makes no sense; the body names it.",
    "429": "Too many requests with this token; the header Retry-After says how many seconds to wait.",
}
DESCRIPTION = """\
What the portal knows of the networks of one organization: events, stock, tasks and jobs. Reading only.

- **Token**: `Authorization: Bearer portal_…`. An admin of the organization makes it under People → API tokens. It \
reads the networks that it was made for and no others.
- **JSON or CSV**: every list answers `Accept: text/csv` as CSV (UTF-8 with its mark, comma, one heading line; a cell \
that a spreadsheet would calculate gets an apostrophe in front; lists and objects as JSON).
- **Pages**: `limit` rows at most; `next`, and the header `Link`, hold the address of the next page. Follow it as it is.
- **Figures of stock are text** (`"12.5"`): exact, without an exponent. Counts and positions are numbers.
- **Times** are UTC by ISO 8601 with `Z`. Days in filters are those of the network.
- **Not changed?** Send the `ETag` of the last answer as `If-None-Match`: 304 says that it is still so.
- **Names** stay as they are within a version; new ones may be added. A parameter that is not known is an error.
"""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the document as plain data."""
    schema: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=PREFIX), cls=DjangoJSONEncoder))
    schema["info"]["description"] = DESCRIPTION
    schema["servers"] = [{"url": settings.PORTAL_BASE_URL}]
    schema["components"]["schemas"]["Error"] = ERROR_SCHEMA
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                parameter["schema"] = _plain(parameter["schema"])
                parameter["description"] = parameter["schema"].pop("description", "")
            _complete(operation, is_list=operation.pop(IS_LIST))
    return schema


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null, which no address can hold, and without made-up titles."""
    kept = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    found = {**schema, **kept[0]} if len(kept) == 1 else dict(schema)
    if len(kept) == 1:
        del found["anyOf"]
    found.pop("title", None)
    if found.get("default") == "":
        del found["default"]  # a cursor that is not given
    return found


def _complete(operation: dict[str, Any], *, is_list: bool) -> None:
    """Add to one operation what every answer has."""
    done = operation["responses"]["200"]
    done["description"] = "The rows of this page." if is_list else "What was asked for."
    done["headers"] = {"ETag": {"description": "Tag of this answer.", "required": True, "schema": {"type": "string"}}}
    if is_list:
        done["content"]["text/csv"] = {"schema": {"type": "string"}}
        done["headers"]["Link"] = {"description": 'The next page, rel="next".', "schema": {"type": "string"}}
    operation["responses"]["304"] = {"description": "Not changed since the tag that was sent."}
    for status, words in ERRORS.items():
        content = {"schema": {"$ref": "#/components/schemas/Error"}}
        if status == "422":
            content["example"] = ERROR_EXAMPLE  # type: ignore[assignment]
        answer: dict[str, Any] = {"description": words}
        if status != "414":  # the server's own answer
            answer["content"] = {"application/json": content}
        if status == "429":
            answer["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer"}}}
        operation["responses"][status] = answer
