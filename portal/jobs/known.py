"""What the portal has seen in events of the things that rows are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from integrations.facts import LevelObserved, from_json
from integrations.mobility_work.subjects import SubjectKey
from portal.tasks.tags import tags_seen
from portal.timeline.models import Reading, Subject
from portal.timeline.parts import with_id

# By the key of readings, or by the reference under which a thing with a native id was last seen.
ASKED = """
WITH asked AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS t (kind, key, reference)),
found AS (
    SELECT a.kind, a.key, s.key AS subject FROM asked a
    JOIN timeline_subject s ON s.network_id = %s AND s.kind = a.kind AND s.key = a.key
    UNION
    SELECT a.kind, a.key, s.key FROM asked a
    JOIN timeline_subject s ON s.network_id = %s AND s.kind = a.kind AND s.reference = a.reference
    WHERE a.reference <> ''
)
"""
# Things are told apart by their ids; an event that gave a reference only was about one of these.
SEEN = f"""
{ASKED} SELECT kind, key, greatest(count(*) FILTER (WHERE subject LIKE 'id:%%'), 1) FROM found GROUP BY kind, key
"""  # noqa: S608
# The level of the whole part, as the page of stock shows it.
LEVELS = f"""
{ASKED} SELECT f.key, f.subject, p.position, p.level, p.as_of FROM found f
JOIN stock_part p ON p.network_id = %s AND p.part = f.subject AND f.kind = 'part' AND p.level IS NOT NULL
"""  # noqa: S608
SUGGESTED = 20  # values offered at once
TELLING_MINIMA = ("SparePartStockWasUnderMinThreshold", "SparePartWasOutOfStock")
ALERTS = 5_000  # that are looked at for minima


@dataclass(frozen=True, slots=True)
class Level:
    """The stock of a part, as far as it is known."""

    subject: str  # key of the part
    quantity: Decimal
    position: int | None  # of the last event about it; None where only a job has told the level
    occurred_at: datetime


def kinds_seen(network_id: UUID) -> set[str]:
    """Return the kinds of things of which events of the network have spoken. Needs the network's scope."""
    kinds = ("part", "equipment", "location")
    return {kind for kind in kinds if Subject.objects.filter(network_id=network_id, kind=kind).exists()}


def seen(network_id: UUID, keys: Iterable[SubjectKey]) -> dict[SubjectKey, int]:
    """Return as how many things each of the keys was seen; those never seen are left out. Needs the network's scope."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN, asked_of(network_id, keys))
        return {(kind, key): count for kind, key, count in cursor.fetchall()}


def known_values(network_id: UUID, kind: str, text: str) -> list[tuple[str, str]]:
    """Return values that a cell may hold for a kind of thing, each with the thing's name. Needs the network's scope.

    Parts and equipment go by their reference, locations by their name, people by their id, tags by their code.
    """
    if kind == "tag":
        return [(tag, tag) for tag in tags_seen(network_id, text, limit=SUGGESTED)]
    found = Subject.objects.filter(network_id=network_id, kind=kind)
    if text:
        by_id = Q(key__startswith=f"id:{text}") if kind == "person" else Q()
        found = found.filter(Q(reference__istartswith=text) | Q(label__icontains=text) | by_id)
    if kind in {"part", "equipment"}:
        found = found.exclude(reference="")
    values: dict[str, str] = {}
    for subject in found.order_by("reference", "key")[: SUGGESTED * 2]:
        ours = {"location": subject.label, "person": subject.key.partition(":")[2]}.get(kind, subject.reference)
        values.setdefault(ours, subject.label)
    return list(values.items())[:SUGGESTED]


def levels(network_id: UUID, keys: Iterable[SubjectKey]) -> dict[SubjectKey, Level]:
    """Return the known stock of parts; without those that share their reference.

    Needs the network's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute(LEVELS, [*asked_of(network_id, keys), network_id])
        rows = cursor.fetchall()
    counted: dict[SubjectKey, list[Level]] = {}
    for key, subject, position, quantity, occurred_at in rows:
        counted.setdefault(("part", key), []).append(Level(subject, quantity, position, occurred_at))
    for key, found in counted.items():
        known = with_id([level.subject for level in found])
        counted[key] = [level for level in found if not known or level.subject in known]
    return {key: found[0] for key, found in counted.items() if len(found) == 1}


def minima(network_id: UUID) -> dict[str, Decimal]:
    """Return the last known minimum of parts, by key, as far as the latest alerts name them. Needs the scope."""
    alerts = Reading.objects.filter(network_id=network_id, type__in=TELLING_MINIMA).order_by("-order_key")
    found: dict[str, Decimal] = {}
    for facts in alerts.values_list("facts", flat=True)[:ALERTS]:
        for fact in map(from_json, facts):
            if isinstance(fact, LevelObserved) and fact.minimum is not None:
                found.setdefault(fact.part, fact.minimum)
    return found


def asked_of(network_id: UUID, keys: Iterable[SubjectKey]) -> list[Any]:
    """Return the values of `ASKED`."""
    asked = sorted(set(keys))
    references = [key[4:] if key.startswith("ref:") else "" for _kind, key in asked]
    return [[kind for kind, _ in asked], [key for _, key in asked], references, network_id, network_id]
