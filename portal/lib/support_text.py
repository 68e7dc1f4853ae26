"""The parts of a support bundle: plain text in English, for the vendor's support reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

KEPT = 64 * 1024  # bytes of a body
WIDTH = 22


def facts(values: Mapping[str, str]) -> str:
    """Return names and values, one to a line."""
    return "\n".join(f"{name + ':':<{WIDTH}} {value}" for name, value in values.items())


def section(title: str, text: str) -> str:
    """Return a text under its title."""
    return f"--- {title}\n{text or '(empty)'}"


def body(title: str, kept: bytes | memoryview, size: int) -> str:
    """Return a body as text under its title, which says where it is only the beginning."""
    shown = bytes(kept)[:KEPT]
    whole = title if len(shown) >= size else f"{title}, the first {len(shown)} of {size} bytes"
    return section(whole, shown.decode("utf-8", "backslashreplace").replace("\0", "\\x00"))


def headers(title: str, values: Mapping[str, str]) -> str:
    """Return headers, one to a line, under their title."""
    return section(title, "\n".join(f"{name}: {value}" for name, value in values.items()))


def moment(value: datetime | None, *, absent: str = "–") -> str:
    """Return a moment in UTC, to the microsecond."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if value else absent
