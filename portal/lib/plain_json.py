"""What PostgreSQL can keep as JSON."""

from __future__ import annotations

from typing import Any


def storable(value: Any) -> Any:
    """Return a value as PostgreSQL can keep it: what is no character at all becomes a question mark."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode().replace("\0", "?")
    if isinstance(value, dict):
        return {storable(name): storable(each) for name, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list | tuple) else value
