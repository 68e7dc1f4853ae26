"""The identity of an event: what makes two deliveries the same event (design section 4, "Event identity")."""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

MAX_DEPTH = 100  # far from Python's own limit, which depends on how deep the caller stands


class _NotCanonical(ValueError):
    """The body has no canonical form; its raw bytes are its identity."""


class RepeatedKey(_NotCanonical):
    """An object holds one key twice: readers of JSON differ in which they take."""


class Number(float):
    """A number that is written again exactly as it was read."""

    literal: str

    def __new__(cls, literal: str) -> Number:
        number = super().__new__(cls, 0.0)
        number.literal = literal
        return number

    def __repr__(self) -> str:
        return self.literal


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedKey
    return found


def _refuse_constant(name: str) -> None:
    raise _NotCanonical(name)


def load_json(body: bytes) -> Any:
    """Parse strictly: repeated keys, NaN and Infinity are refused; numbers keep their literal text.

    Raises ValueError (or its subclasses UnicodeDecodeError and RepeatedKey) or RecursionError.
    """
    return json.loads(
        body.decode("utf-8"),
        object_pairs_hook=_pairs,
        parse_constant=_refuse_constant,
        parse_float=Number,
        parse_int=Number,
    )


def write_json(value: Any, *, sort_keys: bool, ascii_only: bool, depth: int = MAX_DEPTH) -> str:
    """Return the one text of a parsed JSON value: no spaces, numbers as they were written.

    Raises RecursionError where more than `depth` values are nested.
    """
    if not depth:
        raise RecursionError
    quote = encode_basestring_ascii if ascii_only else encode_basestring
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Number):
        return value.literal
    options: Any = {"sort_keys": sort_keys, "ascii_only": ascii_only, "depth": depth - 1}
    if isinstance(value, dict):
        names = sorted(value) if sort_keys else value
        write = [f"{quote(k)}:{write_json(value[k], **options)}" for k in names]
        return "{" + ",".join(write) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write_json(item, **options) for item in value) + "]"
    return json.dumps(value)


def event_identity(body: bytes) -> bytes:
    """Return the 32 bytes that name the event of a delivery: the SHA-256 of its canonical body without `_sentAt`.

    A body that is no JSON object, repeats a key, or cannot be decoded is named by its raw bytes: two different
    bodies are never folded into one event.
    """
    try:
        parsed = load_json(body)
        if not isinstance(parsed, dict):
            raise _NotCanonical
        parsed.pop("_sentAt", None)
        canonical = write_json(parsed, sort_keys=True, ascii_only=True)
    except (ValueError, RecursionError):
        return hashlib.sha256(b"raw\0" + body).digest()
    return hashlib.sha256(b"json\0" + canonical.encode()).digest()
