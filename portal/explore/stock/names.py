"""Names of what entries of stock speak of, looked up once per page; and addresses of the pages about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.urls import reverse

from portal.networks.models import Network
from portal.timeline.models import Subject
from portal.timeline.sentences import subject_url

Thing = tuple[UUID, str, str]  # network, kind, key
NAMES = """
SELECT s.network_id, s.kind, s.key, s.label, s.reference
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (network_id, kind, key)
JOIN timeline_subject s ON s.network_id = t.network_id AND s.kind = t.kind AND s.key = t.key
"""
MANY = 500  # locations that a list to choose from holds


@dataclass(frozen=True, slots=True)
class Named:
    """A thing with its name and the page about it."""

    kind: str
    key: str
    label: str
    reference: str
    url: str


def names_of(networks: Iterable[Network], things: Iterable[Thing]) -> dict[Thing, Named]:
    """Return the names of things; what no event has named goes by its key. Needs the scope."""
    slugs = {network.id: network.slug for network in networks}
    wanted = sorted(set(things))
    found: dict[Thing, tuple[str, str]] = {}
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(NAMES, [list(column) for column in zip(*wanted, strict=True)])
            found = {(network_id, kind, key): (label, ref) for network_id, kind, key, label, ref in cursor.fetchall()}
    return {thing: _named(slugs[thing[0]], thing, *found.get(thing, ("", ""))) for thing in wanted}


def _named(slug: str, thing: Thing, label: str, reference: str) -> Named:
    _network, kind, key = thing
    pages = {"part": part_url, "location": location_url}
    url = pages[kind](slug, key) if kind in pages else subject_url(slug, kind, key)
    return Named(kind, key, label or key.partition(":")[2] or key, reference, url)


def part_url(slug: str, key: str) -> str:
    """Return the address of a part's stock."""
    return f"{reverse('stock_part', args=[slug])}?{urlencode({'key': key})}"


def location_url(slug: str, key: str) -> str:
    """Return the address of a location's stock."""
    return f"{reverse('stock_location', args=[slug])}?{urlencode({'key': key})}"


def locations_of(network: Network) -> list[Subject]:
    """Return the locations to choose from, by name. Needs the scope."""
    return list(Subject.objects.filter(network_id=network.id, kind="location").order_by("label", "key")[:MANY])
