"""What a reference means: the parts with an id that go by it; where none is known, a part known by nothing else."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from integrations.mobility_work.body import REF
from portal.timeline.models import Subject


def parts_of_references(network_id: UUID, references: Collection[str]) -> dict[str, set[str]]:
    """Return the keys of the parts that each reference means now, as far as events have named any. Needs the scope."""
    found: dict[str, set[str]] = {}
    known = Subject.objects.filter(network_id=network_id, kind="part", reference__in=[*filter(None, references)])
    for key, reference in known.values_list("key", "reference"):
        found.setdefault(reference, set()).add(key)
    return {reference: with_id(keys) or keys for reference, keys in found.items()}


def with_id(keys: Collection[str]) -> set[str]:
    """Return those keys that name a part by its id: a reference is but another name of such a part."""
    return {key for key in keys if not key.startswith(REF)}
