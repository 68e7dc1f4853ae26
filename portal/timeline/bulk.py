"""Writes many events, readings and subjects in one statement each.

Arrays unnested by PostgreSQL: the ORM would compile tens of thousands of placeholders for one batch of the drain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from integrations.facts import to_json
from integrations.mobility_work.reader import READER_VERSION
from integrations.mobility_work.reading import Subject
from portal.lib.statements import execute_binary

if TYPE_CHECKING:
    from portal.timeline.record import NewEvent

Numbered = Sequence[tuple[int, "NewEvent"]]
SEPARATOR = "\x1f"  # no term holds a control character

INSERT_EVENTS = """
INSERT INTO timeline_event (network_id, position, identity, raw, first_received_at, recorded_at)
SELECT %b, t.position, t.identity, t.raw, t.received_at, %b
FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[], %b::timestamptz[]) AS t (position, identity, raw, received_at)
"""
INSERT_READINGS = """
INSERT INTO timeline_reading (network_id, position, reader_version, order_key, type, known, occurred_at, occurred_from,
    verified, sentence, facts, flags, differences, idempotency_key, deliveries, first_received_at, last_received_at,
    unreadable, chain, previous_stock, resulting_stock, terms)
SELECT %b, t.position, %b, t.order_key, t.type, t.known, t.occurred_at, t.occurred_from, false, t.sentence::jsonb,
    t.facts::jsonb, '{}', t.differences::jsonb, t.idempotency_key, 1, t.received_at, t.received_at, t.unreadable,
    t.chain, t.previous_stock, t.resulting_stock,
    -- Our own terms as they are: no dictionary of PostgreSQL may change them.
    array_to_tsvector(CASE WHEN t.terms = '' THEN '{}' ELSE string_to_array(t.terms, chr(31)) END)
FROM unnest(%b::bigint[], %b::bytea[], %b::text[], %b::boolean[], %b::timestamptz[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::text[], %b::timestamptz[], %b::text[], %b::text[], %b::numeric[], %b::numeric[], %b::text[])
AS t (position, order_key, type, known, occurred_at, occurred_from, sentence, facts, differences, idempotency_key,
    received_at, unreadable, chain, previous_stock, resulting_stock, terms)
"""
INSERT_SUBJECTS = """
INSERT INTO timeline_eventsubject (network_id, position, kind, key, order_key, reference)
SELECT %b, t.position, t.kind, t.key, t.order_key, t.reference
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[], %b::text[])
AS t (position, kind, key, order_key, reference)
"""
MOVE = """
UPDATE {table} r SET order_key = t.order_key FROM unnest(%b::bigint[], %b::bytea[]) AS t (position, order_key)
WHERE r.network_id = %b AND r.position = t.position
"""
SET_REFERENCES = """
UPDATE timeline_eventsubject s SET reference = t.reference
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[]) AS t (position, kind, key, reference)
WHERE s.network_id = %b AND s.position = t.position AND s.kind = t.kind AND s.key = t.key
    AND s.reference <> t.reference
"""
UPSERT_SUBJECTS = """
INSERT INTO timeline_subject (network_id, kind, key, label, reference, last_order_key)
SELECT %b, t.kind, t.key, t.label, t.reference, t.order_key
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[]) AS t (kind, key, label, reference, order_key)
ON CONFLICT (network_id, kind, key) DO UPDATE SET
    label = EXCLUDED.label, reference = EXCLUDED.reference, last_order_key = EXCLUDED.last_order_key
-- An event that gives no reference says nothing against the one that is known.
WHERE CASE WHEN (timeline_subject.reference = '') <> (EXCLUDED.reference = '') THEN timeline_subject.reference = ''
    WHEN timeline_subject.kind = 'task'
    AND (timeline_subject.label = timeline_subject.reference) <> (EXCLUDED.label = EXCLUDED.reference)
    -- Most events about tasks carry no description: that says nothing against the one that is known.
    THEN timeline_subject.label = timeline_subject.reference
    ELSE timeline_subject.last_order_key <= EXCLUDED.last_order_key END
"""
MOVE_READINGS, MOVE_SUBJECTS = (MOVE.format(table=name) for name in ("timeline_reading", "timeline_eventsubject"))


def insert_events(network_id: UUID, events: Numbered, *, recorded_at: datetime) -> None:
    """Write the immutable part."""
    execute_binary(
        INSERT_EVENTS,
        network_id,
        recorded_at,
        [position for position, _ in events],
        [event.identity for _, event in events],
        [event.raw for _, event in events],
        [event.first_received_at for _, event in events],
    )


def insert_readings(network_id: UUID, events: Numbered, keys: dict[int, bytes]) -> None:
    """Write what our reader makes of the events; `keys` are their order keys by position."""
    meanings = [event.meaning for _, event in events]
    execute_binary(
        INSERT_READINGS,
        network_id,
        READER_VERSION,
        [position for position, _ in events],
        [keys[position] for position, _ in events],
        [meaning.type for meaning in meanings],
        [meaning.known for meaning in meanings],
        [meaning.occurred_at for meaning in meanings],
        [meaning.occurred_from for meaning in meanings],
        [_sentence(event) for _, event in events],
        [json.dumps([to_json(fact) for fact in meaning.facts]) for meaning in meanings],
        [
            json.dumps([{"code": d.code, "path": d.path, "detail": d.detail} for d in meaning.differences])
            for meaning in meanings
        ],
        [meaning.idempotency_key for meaning in meanings],
        [event.first_received_at for _, event in events],
        [meaning.unreadable[:300] for meaning in meanings],
        [meaning.chain for meaning in meanings],
        [meaning.previous_stock for meaning in meanings],
        [meaning.resulting_stock for meaning in meanings],
        [SEPARATOR.join(meaning.terms) for meaning in meanings],
    )


def _sentence(event: NewEvent) -> str:
    sentence = event.meaning.sentence
    arguments = {
        name: {"text": value.text, "kind": value.kind, "key": value.key} for name, value in sentence.arguments.items()
    }
    return json.dumps({"template": sentence.template, "arguments": arguments})


def insert_subjects(network_id: UUID, events: Numbered, keys: dict[int, bytes]) -> None:
    """Write of what and whom the events speak."""
    links = [(position, subject) for position, event in events for subject in event.meaning.subjects]
    execute_binary(
        INSERT_SUBJECTS,
        network_id,
        [position for position, _ in links],
        [subject.kind for _, subject in links],
        [subject.key for _, subject in links],
        [keys[position] for position, _ in links],
        [subject.reference[:200] for _, subject in links],
    )


def set_references(network_id: UUID, named: Sequence[tuple[int, Subject]]) -> None:
    """Note the references by which events, given by position, name what they speak of."""
    execute_binary(
        SET_REFERENCES,
        [position for position, _ in named],
        [subject.kind for _, subject in named],
        [subject.key for _, subject in named],
        [subject.reference[:200] for _, subject in named],
        network_id,
    )


def upsert_subjects(network_id: UUID, latest: Sequence[tuple[Subject, bytes]]) -> None:
    """Keep the latest name and reference of each subject; an older event never overwrites a newer name."""
    execute_binary(
        UPSERT_SUBJECTS,
        network_id,
        [subject.kind for subject, _ in latest],
        [subject.key for subject, _ in latest],
        [subject.label[:300] for subject, _ in latest],
        [subject.reference[:200] for subject, _ in latest],
        [order_key for _, order_key in latest],
    )


def move_events(network_id: UUID, keys: Sequence[tuple[int, bytes]]) -> None:
    """Give events of these positions new order keys."""
    positions, order_keys = [position for position, _ in keys], [key for _, key in keys]
    for statement in (MOVE_READINGS, MOVE_SUBJECTS):
        execute_binary(statement, positions, order_keys, network_id)
