"""What things are called: the names and references of subjects, as the events that speak of them give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from integrations.mobility_work.ordering import without_chain
from integrations.mobility_work.reader import read
from integrations.mobility_work.reading import Subject
from portal.timeline.bulk import set_references, upsert_subjects
from portal.timeline.models import Event, EventSubject
from portal.timeline.models import Subject as SubjectRow

Named = tuple[Subject, bytes]  # with the order key, without its place in a chain, of the event that speaks of it
WITHOUT_CHAIN = r"overlay(order_key placing '\x0000'::bytea from 9 for 2)"
NAMES = f"""
SELECT t.kind, t.key, t.label, t.reference, t.last_order_key FROM (
    SELECT network_id, kind, key, {WITHOUT_CHAIN} AS order_key FROM timeline_eventsubject
    WHERE network_id = (SELECT %s::uuid) AND position = ANY (%s) OFFSET 0
) s CROSS JOIN LATERAL (
    SELECT * FROM timeline_subject WHERE network_id = s.network_id AND kind = s.kind AND key = s.key OFFSET 0
) t WHERE t.last_order_key = s.order_key
"""  # noqa: S608 - fixed parts only
# As `upsert_subjects` ranks them.
TELLERS = f"""
SELECT position, order_key FROM timeline_eventsubject WHERE network_id = %s AND kind = %s AND key = %s
ORDER BY reference <> '' DESC, {WITHOUT_CHAIN} DESC LIMIT %s
"""  # noqa: S608 - fixed parts only


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


def names_from(network_id: UUID, positions: Sequence[int]) -> list[Named]:
    """Return the names that things have from these events, given by position."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [network_id, list(positions)])
        return [(Subject(*subject), bytes(order_key)) for *subject, order_key in cursor.fetchall()]


def name_again(network_id: UUID, names: Iterable[Named], *, told: Iterable[Named]) -> None:
    """Look for the name of each thing anew that had it from an event which now tells another, or tells it as earlier.

    `told` is what these events tell now. Needs the network's drain lock and its scope.
    """
    still = {(subject.kind, subject.key, order_key, _is_named(subject)) for subject, order_key in told}
    found = []
    for subject, order_key in names:
        if (subject.kind, subject.key, order_key, _is_named(subject)) in still:
            continue
        known = SubjectRow.objects.filter(network_id=network_id, kind=subject.kind, key=subject.key)
        if known.filter(last_order_key=order_key).delete()[0]:
            found.append(_latest_name(network_id, subject.kind, subject.key, former=(subject, order_key)))
    keep_latest_names(network_id, [named for named in found if named])


def _latest_name(network_id: UUID, kind: str, key: str, *, former: Named) -> Named | None:
    best: Named | None = None
    with connection.cursor() as cursor:
        # Which events describe a task is not known before they are read.
        cursor.execute(TELLERS, [network_id, kind, key, None if kind == "task" else 1])
        tellers = cursor.fetchall()
    for position, order_key in tellers:
        event = Event.objects.get(network_id=network_id, position=position)
        for subject in read(bytes(event.raw), event.first_received_at).subjects:
            if (subject.kind, subject.key) == (kind, key) and (best is None or _is_named(subject) > _is_named(best[0])):
                best = subject, without_chain(bytes(order_key))
        if best and all(_is_named(best[0])):
            break
    # What only an older reader saw stays called as it was, until that event too is read anew.
    return best or (former if tellers else None)


def _is_named(subject: Subject) -> tuple[bool, bool]:
    """Tell whether a thing comes with its reference, and a task with a description: only some events carry them."""
    return subject.reference != "", subject.kind != "task" or subject.label != subject.reference
