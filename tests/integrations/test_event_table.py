"""The table of event types says what the vendor's description says, and the examples are the vendor's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.mobility_work.events import TABLE
from integrations.spec import EventType

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "events"
DESCRIPTION = yaml.safe_load((ROOT / "integrations" / "mobility_work" / "openapi.yaml").read_text(encoding="utf-8"))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the object out of `oneOf: [object, null]`."""
    for choice in schema.get("oneOf", []):
        if choice.get("type") != "null":
            schema = choice
    if "$ref" in schema:
        return resolved(DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def content(entry: EventType) -> dict[str, Any]:
    body: dict[str, Any] = DESCRIPTION["webhooks"][entry.name]["post"]["requestBody"]["content"]["application/json"]
    return body


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_an_entry_says_what_the_vendor_says(entry: EventType) -> None:
    described, schema = DESCRIPTION["webhooks"][entry.name]["post"], resolved(content(entry)["schema"])
    assert entry.required == set(schema["required"])
    assert set(schema["properties"]) <= entry.required | entry.optional
    assert list(entry.time_fields) == described["x-time-fields"]
    assert list(entry.aliases) == described.get("x-event-aliases", [])
    for member, inner in schema["properties"].items():
        shape = resolved(inner)
        if shape.get("properties") and member != "metadata":
            assert set(shape["properties"]) <= entry.inner[member], member


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_an_entry_has_every_example_of_the_vendor(entry: EventType) -> None:
    examples = content(entry)["examples"]
    assert examples
    for name, example in examples.items():
        captured = (FIXTURES / f"{entry.name}.{name}.json").read_bytes()
        assert captured == json.dumps(example["value"], separators=(",", ":"), ensure_ascii=False).encode()
