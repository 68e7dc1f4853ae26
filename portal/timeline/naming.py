"""What things are called: the names and references of subjects, as the events that speak of them give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from integrations.mobility_work.ordering import without_chain
from integrations.mobility_work.reading import Subject
from portal.timeline.bulk import set_references, upsert_subjects
from portal.timeline.models import EventSubject

Named = tuple[Subject, bytes]  # with the order key, without its place in a chain, of the event that speaks of it


def keep_latest_names(network_id: UUID, named: Iterable[Named]) -> None:
    """Keep the latest name and reference of each subject, of those that are kept and those that are told."""
    latest: dict[tuple[str, str], Named] = {}
    for subject, key in named:
        known = latest.get((subject.kind, subject.key))
        if known is None or (*_is_named(subject), key) > (*_is_named(known[0]), known[1]):
            latest[subject.kind, subject.key] = subject, key
    upsert_subjects(network_id, list(latest.values()))


def give_references(network_id: UUID, told: Sequence[tuple[int, Sequence[Subject]]]) -> None:
    """Note by which reference recorded events, given by position, name what they speak of.

    Needs the network's drain lock and its scope.
    """
    links = EventSubject.objects.filter(network_id=network_id, position__in=[position for position, _ in told])
    keys = {
        (position, kind, key): bytes(order_key)
        for position, kind, key, order_key in links.values_list("position", "kind", "key", "order_key")
    }
    named = [
        (position, subject)
        for position, subjects in told
        for subject in subjects
        if (position, subject.kind, subject.key) in keys  # an older reader may have seen other things
    ]
    set_references(network_id, [each for each in named if each[1].reference])
    keep_latest_names(
        network_id,
        [(subject, without_chain(keys[position, subject.kind, subject.key])) for position, subject in named],
    )


def _is_named(subject: Subject) -> tuple[bool, bool]:
    """Tell whether a thing comes with its reference, and a task with a description: only some events carry them."""
    return subject.reference != "", subject.kind != "task" or subject.label != subject.reference
