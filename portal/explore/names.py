"""What things and persons are called: the names of many at once, in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from portal.networks.models import Network
from portal.timeline.models import Subject
from portal.timeline.sentences import subject_url

Named = tuple[UUID, str, str]  # network, kind, key


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing or person, ready to be shown as a link."""

    kind: str
    key: str
    label: str
    reference: str
    url: str


def bare(key: str) -> str:
    """Return what a key says without its kind of identifier."""
    return key.partition(":")[2] or key


class Names:
    """The names of things, loaded once; what was never seen by name is called by its key."""

    def __init__(self, wanted: Iterable[Named], networks: Iterable[Network]) -> None:
        asked = {item for item in wanted if item[2]}
        self.slugs = {network.id: network.slug for network in networks}
        self.found: dict[Named, Subject] = {}
        if not asked:
            return
        known = Subject.objects.filter(
            network_id__in={item[0] for item in asked},
            kind__in={item[1] for item in asked},
            key__in={item[2] for item in asked},
        )
        self.found = {(subject.network_id, subject.kind, subject.key): subject for subject in known}

    def of(self, network_id: UUID, kind: str, key: str) -> Thing | None:
        """Return a thing, or None where no key is given."""
        if not key:
            return None
        subject = self.found.get((network_id, kind, key))
        label = subject.label if subject else bare(key)
        reference = subject.reference if subject else ""
        return Thing(kind, key, label, reference, subject_url(self.slugs[network_id], kind, key))
