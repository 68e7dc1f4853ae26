"""Reads openapi.yaml: which operations the vendor offers, to whom, and what is wrong with a request body."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

OPENAPI = Path(__file__).parents[1] / "mobility_work" / "openapi.yaml"
WRITES = (
    "createSpareParts",
    "replaceSparePartStock",
    "updateSpareParts",
    "relocateSpareParts",
    "createEquipments",
    "updateEquipments",
    "createLocations",
    "scheduleTask",
)
SETTINGS = "getNetworkSettings"
PLANS = ("starter", "premium", "ultimate")
WEBHOOK_PLANS = ("premium", "ultimate")

Detail = dict[str, Any]
PropertyErrors = dict[str, list[Detail]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a body is refused: details about the whole, and details by JSON pointer."""

    global_errors: list[Detail]
    property_errors: PropertyErrors


@dataclass(frozen=True, slots=True)
class VendorOperation:
    name: str
    method: str
    path: str
    plans: tuple[str, ...]
    success: int
    validator: Any

    def refusal(self, value: object) -> Refusal | None:
        """None if the body fits the schema; the quick answer first, the details only when needed."""
        if self.validator.is_valid(value):
            return None
        general: list[Detail] = []
        by_pointer: PropertyErrors = defaultdict(list)
        for error in self.validator.iter_errors(value):
            path, detail = _explain(error)
            if path:
                by_pointer["".join(f"/{_escape(part)}" for part in path)].append(detail)
            else:
                general.append(detail)
        return Refusal(general, dict(by_pointer))


@cache
def operations(openapi: Path = OPENAPI) -> dict[str, VendorOperation]:
    """The operations that the sandbox plays, by operationId; validators are built once."""
    document = _load(openapi)
    found: dict[str, VendorOperation] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = operation["operationId"]
            if name not in (*WRITES, SETTINGS):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            found[name] = VendorOperation(
                name=name,
                method=method.upper(),
                path=path,
                plans=tuple(operation["x-plans"]),
                success=next(int(status) for status in operation["responses"] if status.startswith("2")),
                validator=_validator(document, content["schema"]) if content else None,
            )
    return found


@cache
def event_validator(openapi: Path = OPENAPI) -> Any:
    """Checks a webhook body against the vendor's event schemas."""
    return _validator(_load(openapi), {"$ref": "#/components/schemas/WebhookEvent"})


@cache
def _load(openapi: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(openapi.read_bytes(), Loader=loader)  # noqa: S506  a safe loader
    return document


def _validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    whole = {**schema, "components": {"schemas": document["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True)


def _escape(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _explain(error: Any) -> tuple[list[str | int], Detail]:
    """Put a schema violation into the vendor's words: a pointer and a message key with parameters."""
    path, kind = list(error.instance_path), error.kind
    key, parameters = kind.name, {}
    match kind.name:
        case "required":
            path, key = [*path, kind.property], "required"
        case "minimum":
            key, parameters = "min", {"min": kind.limit}
        case "minLength":
            key, parameters = "min_length", {"min": kind.limit, "length": len(error.instance)}
        case "maxLength":
            key, parameters = "max_length", {"max": kind.limit, "length": len(error.instance)}
        case "minItems":
            key, parameters = "min_items", {"min": kind.limit, "count": len(error.instance)}
        case "maxItems":
            key, parameters = "max_items", {"max": kind.limit, "count": len(error.instance)}
        case "minProperties":
            key, parameters = "min_properties", {"min": kind.limit, "count": len(error.instance)}
        case "pattern":
            key, parameters = "pattern", {"pattern": kind.pattern}
        case "format":
            key, parameters = "format", {"format": kind.format}
        case "type":
            key, parameters = "type", {"expected": list(kind.types)}
        case "oneOf" | "anyOf":
            key = "identifier" if path and path[-1] in ("id", "sparePartId", "equipment") else "type"
        case _:
            key = kind.name.lower()
    return path, {"messageKey": f"error.payload.{key}", "parameters": parameters}
