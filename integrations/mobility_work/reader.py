"""Reads an event body. Never fails: whatever cannot be understood is kept, shown and flagged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.facts import Noted
from integrations.mobility_work.body import Body, Meaning, clean
from integrations.mobility_work.events import EVENT_TYPES, NAMELESS_EVENT, UNKNOWN_EVENT, UNREADABLE
from integrations.mobility_work.identity import Number, RepeatedKey, load_json
from integrations.mobility_work.reading import Argument, Reading, Sentence
from integrations.mobility_work.terms import index_terms
from integrations.spec import EventType


def _(msgid: str) -> str:
    """Mark a text for translation; the page translates it."""
    return msgid


READER_VERSION = 2  # 2: who moved stock; of tasks what they are about, tags and parts needed
NOT_UTF8 = _("The body is not UTF-8 text.")
TOO_DEEP = _("The body is nested too deeply.")
NOT_JSON = _("The body is not JSON.")
NO_OBJECT = _("The body is JSON, but not an object.")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Members that are text wherever they are documented.
TEXTS = frozenset({
    "_event", "_type", "_idempotencyKey", "_sentAt", "_date", "emittedAt", "doneAt", "networkId", "taskId", "id",
    "legacyId",
})  # fmt: skip
CLOCK_SKEW = timedelta(minutes=5)
LATEST = timedelta(days=1)
MAX_DEPTH = 60
MAX_SCALARS = 2000
MAX_SCALAR = 2000


def read(body: bytes, received_at: datetime) -> Reading:
    """Return the reading of a body that was first received at `received_at`."""
    data, problem, surprise = _parse(body)
    if data is None:
        return Reading(
            type="",
            known=False,
            occurred_at=received_at,
            occurred_from="received",
            sentence=Sentence(UNREADABLE),
            facts=(Noted(type=""),),
            unreadable=problem,
        )
    access = Body(data)
    if surprise:
        access.differ(surprise)
    for member in sorted(TEXTS & data.keys()):
        if not isinstance(data[member], str | None):
            access.differ("unexpected_type", member)
    name = clean(data.get("_event"), 200)
    entry = EVENT_TYPES.get(name)
    if entry is None:
        access.differ("unknown_event", "_event", name)
        known_by_name = (UNKNOWN_EVENT, {"type": Argument(name)}) if name else (NAMELESS_EVENT, {})
        meaning = Meaning(*known_by_name, (Noted(type=name),))
        occurred_at, source = _first_time(access, ("emittedAt", "_date", "doneAt", "_sentAt"), received_at)
    else:
        _compare(access, entry, name)
        meaning = entry.interpret(access)
        occurred_at, source = _first_time(access, entry.time_fields, received_at)
    sentence = Sentence(meaning.template, meaning.arguments)
    person = meaning.arguments.get("person")
    texts = [sentence.plain(), *(s.reference for s in access.subjects.values())]
    texts += [s.label for s in access.subjects.values()]
    return Reading(
        type=entry.name if entry else name,
        known=entry is not None,
        occurred_at=occurred_at,
        occurred_from=source,
        sentence=sentence,
        subjects=tuple(access.subjects.values()),
        facts=meaning.facts or (Noted(type=entry.name if entry else name),),
        differences=tuple(access.differences),
        terms=index_terms([*texts, *_scalars(data)]),
        idempotency_key=clean(data.get("_idempotencyKey"), 200) or None,
        vendor_network_id=clean(data.get("networkId"), 200) or None,
        initiator=person.text if person and person.kind else "",
        rank=entry.rank if entry else 255,
        chain=meaning.chain,
        previous_stock=meaning.previous,
        resulting_stock=meaning.resulting,
    )


def _parse(body: bytes) -> tuple[dict[str, Any] | None, str, str]:
    """Return the object, or None and the msgid that says why not; and the code of a difference, or ""."""
    surprise = ""
    try:
        try:
            data = load_json(body)
        except UnicodeDecodeError:
            return None, NOT_UTF8, ""
        except ValueError as error:
            surprise = "duplicate_keys" if isinstance(error, RepeatedKey) else "odd_json"
            data = json.loads(body, parse_float=Number, parse_int=Number)
    except RecursionError:
        return None, TOO_DEEP, ""
    except ValueError:
        return None, NOT_JSON, ""
    if not isinstance(data, dict):
        return None, NO_OBJECT, ""
    return data, "", surprise


def _compare(body: Body, entry: EventType, name: str) -> None:
    """Note where a body differs from the known contract of its type."""
    if name != entry.name:
        body.differ("alias_spelling", "_event", name)
    for member in sorted(entry.required):
        if body.data.get(member) is None and not (member == "_metadata" and member in body.data):
            body.differ("missing_required", member)
    for member in sorted(body.data.keys() - entry.required - entry.optional):
        body.differ("unknown_field", member)
    for member, known in entry.inner.items():
        value = body.data.get(member)
        if isinstance(value, dict):
            for inner in sorted(value.keys() - known):
                body.differ("unknown_field", f"{member}.{inner}")
    metadata = body.data.get("_metadata")
    odd_items = isinstance(metadata, list) and not all(isinstance(item, list) for item in metadata)
    if odd_items or not (metadata is None or isinstance(metadata, (str, list))):
        body.differ("odd_metadata", "_metadata")


def _first_time(body: Body, fields: tuple[str, ...], received_at: datetime) -> tuple[datetime, str]:
    """Return when the event occurred, and which field says so ("received" where none can be trusted)."""
    for path in fields:
        steps = path.split(".")
        text = body.text(*steps)
        if not text:
            continue
        moment = _moment(text)
        if moment is None:
            body.differ("unreadable_time", path, text)
            continue
        # `*.on` may be the planned date: it counts only where it has come to pass (design section 4, "Order").
        planned = steps[-1] == "on"
        if moment < EARLIEST:
            body.differ("unreadable_time", path, text)
            continue
        if moment > received_at + (CLOCK_SKEW if planned else LATEST):
            if not planned:
                body.differ("time_in_future", path, text)
            continue
        return moment, path
    return received_at, "received"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _scalars(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield every text and number inside a value, for searching."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:MAX_SCALARS]:
            yield from _scalars(inner, depth + 1)
    elif value is not None and not isinstance(value, bool):
        yield clean(value, MAX_SCALAR)
