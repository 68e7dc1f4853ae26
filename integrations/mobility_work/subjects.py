"""What an item that is sent is about: for locks, for confirmation by events, and for what may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.mobility_work.body import MAX_KEY, clean
from integrations.spec import Operation

SubjectKey = tuple[str, str]  # kind and key, as readings of events have them


def changes_identity(operation: Operation, item: Mapping[str, Any]) -> bool:
    """Say whether an update changes what its row is called: then a repeat would not find it, or find another."""
    named = item.get(operation.identity[0]) if operation.renames else None
    is_native = isinstance(named, int) or (isinstance(named, Mapping) and named.get("type") == "native")
    value = named.get("value") if isinstance(named, Mapping) else named
    return any(name in item and (is_native or item[name] != value) for name in operation.renames)


def subject_of(operation: Operation, item: Mapping[str, Any]) -> tuple[SubjectKey, ...]:
    """Return what an item is about, the thing itself first; a row that renames it is about both names."""
    return tuple(dict.fromkeys(subjects_by_column(operation, item).values()))


def subjects_by_column(operation: Operation, item: Mapping[str, Any]) -> dict[str, SubjectKey]:
    """Return the subject that each column of an item names."""
    found = ((each.name, _subject(each.subject, _at(item, each.path))) for each in operation.fields if each.subject)
    return {name: subject for name, subject in found if subject}


def _at(item: Mapping[str, Any], path: tuple[str, ...]) -> object:
    value: object = item
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _subject(kind: str, identifier: object) -> SubjectKey | None:
    """Return the subject of an identifier, plain or typed: a number is a native id, a text a reference."""
    how = "name" if kind == "location" else "id" if isinstance(identifier, int) else "ref"
    if isinstance(identifier, Mapping):
        how, identifier = "id" if identifier.get("type") == "native" else "ref", identifier.get("value")
    text = clean(identifier)
    return (kind, f"{how}:{text}"[:MAX_KEY]) if text else None
