"""Finds the person or thing that somebody means, by indexes and within bounds, at any size of the log."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from integrations.mobility_work.body import REF
from portal.networks.models import Network
from portal.timeline.filters import KINDS, Filters
from portal.timeline.models import EventSubject, Reading, Subject
from portal.timeline.queries import timeline_page

SHOWN = 12
# People are few, so that their names are looked through; things are many and are found by reference or by an event.
PEOPLE_READ = 2000
EVENTS_READ = 30


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person or thing that fits what was typed, and its network."""

    subject: Subject
    network: Network


def find_subjects(networks: Sequence[Network], text: str, *, now: datetime) -> list[Candidate]:
    """Return persons, parts, tasks, equipments and locations whose name, reference or key fits. Needs the scope."""
    if not _fold(text).split() or not networks:
        return []
    page = timeline_page(networks, Filters(query=text), zone=ZoneInfo("UTC"), now=now, size=EVENTS_READ)
    return subjects_among(networks, text, page.readings)


def subjects_among(networks: Sequence[Network], text: str, readings: Sequence[Reading]) -> list[Candidate]:
    """Return the same where the latest events that hold the text are at hand. Needs the scope."""
    words = _fold(text).split()
    if not words or not networks:
        return []
    ids = [network.id for network in networks]
    found = [
        *Subject.objects.filter(network_id__in=ids, kind__in=KINDS, reference=text.strip())[:SHOWN],
        *Subject.objects.filter(Q(key=text.strip()) | Q(key=f"id:{text.strip()}"), network_id__in=ids, kind__in=KINDS)[
            :SHOWN
        ],
        *(person for person in _people(ids) if _fits(person, words)),
        *(thing for thing in _of_events(readings) if _fits(thing, words)),
    ]
    by_id = {network.id: network for network in networks}
    distinct = {(item.network_id, item.kind, item.key): item for item in found}
    return [Candidate(item, by_id[item.network_id]) for item in list(distinct.values())[:SHOWN]]


def things_among(networks: Sequence[Network], text: str, readings: Sequence[Reading]) -> list[Candidate]:
    """Return the same, each thing once: what some events name by its reference and others by its id is one thing."""
    found = subjects_among(networks, text, readings)
    with_ids = {(each.network.id, each.subject.kind, each.subject.reference) for each in found if _has_id(each.subject)}
    return [
        each
        for each in found
        if not each.subject.key.startswith(REF)
        or (each.network.id, each.subject.kind, each.subject.reference) not in with_ids
    ]


def _has_id(subject: Subject) -> bool:
    return subject.key.startswith("id:")


def _people(ids: Iterable[UUID]) -> Iterable[Subject]:
    for network_id in ids:
        yield from Subject.objects.filter(network_id=network_id, kind="person").order_by("key")[:PEOPLE_READ]


def _of_events(readings: Sequence[Reading]) -> Iterable[Subject]:
    """Return what events speak of."""
    places: dict[UUID, list[int]] = {}
    for reading in readings:
        places.setdefault(reading.network_id, []).append(reading.position)
    for network_id, positions in places.items():
        links = set(
            EventSubject.objects.filter(network_id=network_id, position__in=positions).values_list("kind", "key")
        )
        known = Subject.objects.filter(network_id=network_id, kind__in=KINDS, key__in=[key for _kind, key in links])
        yield from (subject for subject in known if (subject.kind, subject.key) in links)


def _fits(subject: Subject, words: Sequence[str]) -> bool:
    text = _fold(f"{subject.label} {subject.reference}")
    return all(word in text for word in words)


def _fold(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()
