"""Places in sorted lists, as they stand in addresses: the values by which a list is sorted, of its last row."""

from __future__ import annotations

import base64
import binascii
import json

from portal.lib.plain_json import storable

LONGEST = 2_000  # characters


def pack(*values: str | None) -> str:
    """Return a place as text that needs no quoting in an address."""
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def unpack(text: str, size: int) -> list[str | None] | None:
    """Return the values of a place of so many values, None where somebody changed it by hand."""
    if not text or len(text) > LONGEST:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != size or not all(map(_is_text, values)):
        return None
    return list(values)


def _is_text(value: object) -> bool:
    """Tell whether PostgreSQL can hold a value as text: no NUL, and no half of a character."""
    return value is None or (isinstance(value, str) and storable(value) == value)
