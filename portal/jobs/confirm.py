"""Joins what was sent with the events that prove it. Events are followed by a cursor; each answer starts a look back.

An event may come before the answer to the request that caused it. So rows are judged twice: when their request is
settled, against all events since it was sent, and whenever a further event speaks of the same thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min, Q
from django.utils import timezone

from integrations.errors import AccessDenied, BadKey, InvalidPayload, NothingSent, RateLimited
from integrations.facts import LevelObserved, QuantityMoved, TaskChanged, from_json
from integrations.mobility_work.body import REF
from integrations.mobility_work.operations import OPERATIONS
from integrations.mobility_work.ordering import lower_bound
from portal.jobs.evidence import Judgement, Observation, Verdict, judge, together
from portal.jobs.models import Batch, Call, Confirmation, EvidenceCursor, Job, Row
from portal.jobs.moves import move
from portal.jobs.projected import keep_accepted_levels, keep_plan
from portal.jobs.states import ROW_TRANSITIONS, RowState
from portal.lib.locks import lock
from portal.lib.scope import network_scope
from portal.stock.references import holders_of_names
from portal.timeline.models import Event, EventSubject, Reading, Subject
from portal.timeline.parts import parts_of_references

EVENTS = 1_000  # per transaction
LOOK_BACK = 1_000  # rows, where requests are small
NEAR = 50  # events about a thing, from the time of sending on, that are looked at
NONCE = re.compile(r"[0-9a-f]{32}")
# Rows whose last change is older are not judged any more; confirmed ones only for as long as events may come late.
JUDGED_FOR, CONFIRMED_FOR = timedelta(days=30), timedelta(days=1)
ROWS = 20_000  # at once
# After these, nothing of a call took effect.
WITHOUT_EFFECT = [kind.__name__ for kind in (NothingSent, RateLimited, BadKey, AccessDenied, InvalidPayload)]
JUDGED = (
    RowState.ACCEPTED, RowState.UNCONFIRMED, RowState.UNCERTAIN, RowState.SAID_TAKEN, RowState.CONFIRMED,
    RowState.CONTRADICTED,
)  # fmt: skip
# What is said to have had no effect may be sent again by another row: only what names the row itself proves it then.
ECHOED = (*JUDGED, RowState.SAID_LOST)
OBSERVED = """
SELECT a.number, near.position, near.order_key, r.occurred_at, r.facts
FROM unnest(%s::int[], %s::text[], %s::bytea[]) AS a (number, key, bound)
CROSS JOIN LATERAL (
    SELECT es.position, es.order_key FROM timeline_eventsubject es
    WHERE es.network_id = %s AND es.kind = 'part' AND es.key = a.key AND es.order_key >= a.bound
    ORDER BY es.order_key LIMIT %s
) near
JOIN timeline_reading r ON r.network_id = %s AND r.position = near.position
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A row whose effect events may show."""

    job_id: UUID
    number: int
    about: str
    quantity: Decimal
    sent_at: datetime
    answered_at: datetime


def confirm_next(network_id: UUID) -> bool:
    """Judge what one settled request or some further events call for; return whether there was something."""
    with network_scope(network_id):
        if not lock(f"evidence {network_id}", wait=False):
            return False
        return _look_back(network_id) or _follow(network_id) or _give_up_waiting(network_id)


def begin_following(network_id: UUID) -> None:
    """Follow a network's events from now on; called before anything is sent. Needs the network's scope."""
    last = Event.objects.filter(network_id=network_id).aggregate(last=Max("position"))["last"] or 0
    EvidenceCursor.objects.get_or_create(network_id=network_id, defaults={"position": last})


def _look_back(network_id: UUID) -> bool:
    """Judge the rows of requests that were just settled, against all events since they were sent."""
    pending = Batch.objects.filter(network_id=network_id, proof_pending=True).order_by("job_id", "number")
    first = pending.first()
    if first is None:
        return False
    operation = OPERATIONS[Job.objects.get(network_id=network_id, id=first.job_id).operation]
    of_job = pending.filter(job_id=first.job_id).values_list("number", flat=True)
    # Many small requests are looked back for at once, a large one alone.
    numbers = list(of_job[: max(LOOK_BACK // operation.bulk_limit, 1)])
    rows = Row.objects.filter(network_id=network_id, job_id=first.job_id, batch__in=numbers, state__in=JUDGED)
    if operation.sets_level:
        sent = list(rows.order_by("number"))
        keys_of = holders_of_names(network_id, {row.about for row in sent})
        keep_accepted_levels(network_id, sent, operation, keys_of=keys_of)
        _judge_stock(network_id, sent)
    elif operation.echo and (times := _times(network_id, [(first.job_id, number) for number in numbers])):
        begun = min(sent_at for sent_at, _answered in times.values())
        types = Reading.objects.filter(network_id=network_id, type__in=operation.confirmed_by)
        since = types.filter(order_key__gte=lower_bound(begun.replace(microsecond=0)))
        _judge_echoes(network_id, list(since.values_list("position", flat=True)))
    Batch.objects.filter(network_id=network_id, job_id=first.job_id, number__in=numbers).update(proof_pending=False)
    return True


def _follow(network_id: UUID) -> bool:
    """Judge the rows that the next events speak of."""
    cursor = EvidenceCursor.objects.select_for_update().filter(network_id=network_id).first()
    if cursor is None:
        return False
    found = Reading.objects.filter(network_id=network_id, position__gt=cursor.position).order_by("position")
    types = dict(found.values_list("position", "type")[:EVENTS])
    if not types:
        return False
    echoing = {name for operation in OPERATIONS.values() if operation.echo for name in operation.confirmed_by}
    _judge_echoes(network_id, [position for position, name in types.items() if name in echoing])
    keys = EventSubject.objects.filter(network_id=network_id, position__in=list(types), kind="part")
    abouts = _names_of(network_id, set(keys.values_list("key", flat=True)))
    for rows in _in_question(network_id, abouts):
        _judge_stock(network_id, rows)
    EvidenceCursor.objects.filter(network_id=network_id).update(position=max(types))
    return True


def _in_question(network_id: UUID, abouts: set[str]) -> Iterator[list[Row]]:
    """Yield the rows about these parts of which events may still say something new, a piece at a time."""
    now = timezone.now()
    # PostgreSQL cannot tell of over a hundred names that none is empty, and the index holds no empty ones.
    rows = Row.objects.filter(network_id=network_id, about__in=abouts, state__in=JUDGED).exclude(about="")
    young = rows.filter(updated_at__gte=now - JUDGED_FOR).exclude(
        state=RowState.CONFIRMED, updated_at__lt=now - CONFIRMED_FOR
    )
    places = list(young.order_by("job_id", "number").values_list("job_id", "number")) if abouts else []
    for start in range(0, len(places), ROWS):
        piece = places[start : start + ROWS]
        wanted = Q()
        for job_id, found in groupby(piece, key=itemgetter(0)):
            wanted |= Q(job_id=job_id, number__in=[number for _job, number in found])
        yield list(rows.filter(wanted))


def _give_up_waiting(network_id: UUID) -> bool:
    """Say of rows whose time for proof is over that nothing has confirmed them so far; later events still may."""
    now = timezone.now()
    due = Job.objects.filter(network_id=network_id, proof_due_at__lte=now).order_by("proof_due_at").first()
    if due is None:
        return False
    move(network_id, due.id, RowState.ACCEPTED, RowState.UNCONFIRMED, now=now)
    Job.objects.filter(network_id=network_id, id=due.id).update(proof_due_at=None)
    return True


def _names_of(network_id: UUID, keys: set[str]) -> set[str]:
    """Return every name under which rows may mean one of these parts."""
    known = Subject.objects.filter(network_id=network_id, kind="part", key__in=keys).exclude(reference="")
    return keys | {f"ref:{reference}" for reference in known.values_list("reference", flat=True)}


# --- stock: by the level


def _judge_stock(network_id: UUID, rows: Sequence[Row]) -> None:
    sent = dict(enumerate(_sent(network_id, rows)))
    keys = _keys_of(network_id, {each.about for each in sent.values()})
    asked = [(place, key) for place, each in sent.items() for key in keys.get(each.about, ())]
    observed = _observed(network_id, [(place, key, sent[place].sent_at) for place, key in asked])
    grace = timedelta(minutes=settings.PORTAL_GRACE_MINUTES)
    found: list[Found] = []
    for place, each in sent.items():
        judgements: dict[str, Judgement] = {}
        for key in keys.get(each.about, ()):
            judged = judge(
                observed.get((place, key), ()),
                sent=each.quantity,
                sent_at=each.sent_at,
                grace_until=each.answered_at + grace,
            )
            if judged:
                judgements[key] = judged
        if judgements:
            found.append(Found(each.job_id, each.number, "part", judgements))
    _record(network_id, found)


def _sent(network_id: UUID, rows: Sequence[Row]) -> list[Sent]:
    times = _times(network_id, {(row.job_id, row.batch) for row in rows if row.batch})
    jobs = dict(
        Job.objects.filter(network_id=network_id, id__in={row.job_id for row in rows}).values_list("id", "operation")
    )
    found = []
    for row in rows:
        operation = OPERATIONS[jobs[row.job_id]]
        quantity = (row.item or {}).get(operation.sets_level) if operation.sets_level else None
        if quantity is not None and row.about and row.batch and (row.job_id, row.batch) in times:
            sent_at, answered_at = times[row.job_id, row.batch]
            found.append(Sent(row.job_id, row.number, row.about, Decimal(str(quantity)), sent_at, answered_at))
    return found


def _times(network_id: UUID, batches: Iterable[tuple[UUID, int]]) -> dict[tuple[UUID, int], tuple[datetime, datetime]]:
    """Return when the first call of each request began that may have taken effect, and when the last ended."""
    wanted = set(batches)
    calls = Call.objects.filter(
        network_id=network_id, job_id__in={job for job, _ in wanted}, batch__in={number for _, number in wanted}
    )
    spans = (
        calls.exclude(outcome__in=WITHOUT_EFFECT)
        .values_list("job_id", "batch")
        .annotate(Min("started_at"), Max("ended_at"))
        .order_by()
    )
    return {(job, number): (first, last or first) for job, number, first, last in spans if (job, number) in wanted}


def _keys_of(network_id: UUID, abouts: set[str]) -> dict[str, set[str]]:
    """Return the keys of the parts that each name may mean."""
    references = {about.removeprefix(REF): about for about in abouts if about.startswith(REF)}
    known = Subject.objects.filter(network_id=network_id, kind="part", key__in=abouts)
    found = {key: {key} for key in known.values_list("key", flat=True)}
    meant = parts_of_references(network_id, references)
    return found | {references[reference]: keys for reference, keys in meant.items()}


def _observed(network_id: UUID, asked: Sequence[tuple[int, str, datetime]]) -> dict[tuple[int, str], list[Observation]]:
    if not asked:
        return {}
    bounds = [lower_bound(sent_at.replace(microsecond=0)) for _place, _key, sent_at in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            OBSERVED, [list(range(len(asked))), [key for _, key, _ in asked], bounds, network_id, NEAR, network_id]
        )
        rows = cursor.fetchall()
    found: dict[tuple[int, str], list[Observation]] = {}
    for index, position, order_key, occurred_at, facts in rows:
        place, key, _sent_at = asked[index]
        levels = _levels(key, json.loads(facts) if isinstance(facts, str) else facts)
        found.setdefault((place, key), []).append(Observation(position, bytes(order_key), occurred_at, levels))
    return found


def _levels(key: str, facts: list[dict[str, Any]]) -> frozenset[Decimal]:
    """Return the levels of a part that an event names."""
    levels: set[Decimal | None] = set()
    for fact in map(from_json, facts):
        if isinstance(fact, LevelObserved) and fact.part == key:
            levels.add(fact.level)
        elif isinstance(fact, QuantityMoved) and fact.part == key:
            levels |= {fact.previous, fact.resulting}
    return frozenset(level for level in levels if level is not None)


# --- tasks: by what comes back of their metadata


def _judge_echoes(network_id: UUID, positions: Sequence[int]) -> None:
    """Confirm the rows whose job, row and nonce come back in the metadata of these events."""
    if not positions:
        return
    readings = {
        reading.position: reading
        for reading in Reading.objects.filter(network_id=network_id, position__in=positions).only(
            "network_id", "position", "order_key", "occurred_at", "facts"
        )
    }
    for position, raw in Event.objects.filter(network_id=network_id, position__in=positions).values_list(
        "position", "raw"
    ):
        echo = _echo_in(bytes(raw))
        reading = readings.get(position)
        if echo is None or reading is None:
            continue
        row = Row.objects.filter(
            network_id=network_id,
            job_id=echo["job"],
            number=echo["row"],
            state__in=ECHOED,
            item__metadata__portal__nonce=echo["nonce"],
        ).first()
        task = next((fact.task for fact in map(from_json, reading.facts) if isinstance(fact, TaskChanged)), None)
        if row is None or task is None:
            continue
        seen = Observation(position, bytes(reading.order_key), reading.occurred_at, frozenset())
        _record(network_id, [Found(row.job_id, row.number, "task", {task: Judgement(Verdict.CONFIRMED, seen)})])
        keep_plan(network_id, task, row)


def _echo_in(raw: bytes) -> dict[str, Any] | None:
    """Return what a body says of the job, row and nonce that caused it; None where it says nothing that makes sense."""
    if b'"portal"' not in raw:
        return None
    try:
        echo = json.loads(raw)["metadata"]["portal"]
        job, row, nonce = UUID(echo["job"]), echo["row"], echo["nonce"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # somebody else's metadata has a member of that name
    is_ours = type(row) is int and 0 < row < 1 << 31 and isinstance(nonce, str) and NONCE.fullmatch(nonce)
    return {"job": job, "row": row, "nonce": nonce} if is_ours else None


# --- what is kept


@dataclass(frozen=True, slots=True)
class Found:
    """What events say of one row, by the key of what they speak of."""

    job_id: UUID
    number: int
    kind: str
    judgements: dict[str, Judgement]


def _record(network_id: UUID, found: Sequence[Found]) -> None:
    """Keep the evidence, never what it replaces, and bring the rows' states up to it: few statements for many rows."""
    now = timezone.now()
    Confirmation.objects.bulk_create(
        [
            Confirmation(
                network_id=network_id,
                job_id=each.job_id,
                number=each.number,
                kind=each.kind,
                key=key,
                position=judgement.observation.position,
                verdict=judgement.verdict,
                occurred_at=judgement.observation.occurred_at,
                found_at=now,
            )
            for each in found
            for key, judgement in each.judgements.items()
        ],
        batch_size=EVENTS,
        ignore_conflicts=True,
    )
    groups: dict[tuple[UUID, RowState], list[int]] = {}
    for each in found:
        if verdict := together(each.judgements.values()):
            groups.setdefault((each.job_id, RowState(verdict.value)), []).append(each.number)
    for (job_id, after), numbers in groups.items():
        for before in ECHOED:
            if after in ROW_TRANSITIONS[before]:
                move(network_id, job_id, before, after, now=now, only=Q(number__in=numbers))
