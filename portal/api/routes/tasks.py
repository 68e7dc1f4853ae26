"""Tasks, as events tell of them and as jobs planned them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ninja import Query
from pydantic import Field

from integrations.mobility_work.body import REF
from portal.api.answers import Item, Page
from portal.api.cursors import EventCursor
from portal.api.door import ApiRequest, networks_of
from portal.api.parameters import DEFAULT, Figure, Key, Limit, Parameters, Slug, Words, figure, one_of
from portal.api.queries.names import Names, names_of
from portal.api.queries.tasks import task_rows
from portal.api.registry import listing
from portal.tasks.models import Task

AREA = "Tasks"
STATES = ("scheduled", "started", "completed", "cancelled")


class RequiredPart(Item):
    """A spare part that a task needs."""

    spare_part: str = Field(description="Key of the spare part.", examples=["ref:FILT-GA37-OIL"])
    external_reference: str | None = Field(
        description="Its external reference, if the key is one.", examples=["FILT-GA37-OIL"]
    )
    quantity: Figure | None = Field(description="How many, where an event says so.", examples=["1"])


class TaskItem(Item):
    """Where a task stands."""

    network: str = Field(description="Short name of the network.", examples=["lyon"])
    task: str = Field(description="Key of the task.", examples=["id:7c41d9ae"])
    name: str | None = Field(
        description="Description, as last seen in an event.", examples=["Oil change of compressor 1"]
    )
    state: str = Field(
        description=f"One of {', '.join(f'`{state}`' for state in Task.State.values)}; `seen` = an event names it, "
        "none says where it stands.",
        examples=["started"],
    )
    state_at: datetime | None = Field(description="When it reached that state.", examples=["2026-03-12T07:30:00Z"])
    scheduled_at: datetime | None = Field(description="When it was scheduled.", examples=["2026-03-10T09:00:00Z"])
    scheduled_by: str | None = Field(description="Name of who scheduled it.", examples=["Ana Ruiz"])
    started_at: datetime | None = Field(description="When it was started.", examples=["2026-03-12T07:30:00Z"])
    started_by: str | None = Field(description="Name of who started it.", examples=["Mehdi Benali"])
    completed_at: datetime | None = Field(description="When it was completed.", examples=[None])
    completed_by: str | None = Field(description="Name of who completed it.", examples=[None])
    cancelled_at: datetime | None = Field(description="When it was cancelled.", examples=[None])
    cancelled_by: str | None = Field(description="Name of who cancelled it.", examples=[None])
    activities: int = Field(description="Activities reported on it.", examples=[2])
    last_activity_at: datetime | None = Field(description="Last activity.", examples=["2026-03-12T08:00:00Z"])
    about_kind: str | None = Field(description="`equipment` or `part`: what it is about.", examples=["equipment"])
    about: str | None = Field(description="Key of what it is about.", examples=["id:311"])
    about_name: str | None = Field(description="Name of what it is about, as last seen.", examples=["Compressor GA37"])
    tags: list[str] = Field(description="Codes of its tags, else their names.", examples=[["$preventive"]])
    required_spare_parts: list[RequiredPart] = Field(description="Spare parts that it needs.")
    planned_start: datetime | None = Field(
        description="Planned start. Events carry no plan: it is known of tasks that a job of the portal scheduled.",
        examples=["2026-03-12T07:00:00Z"],
    )
    planned_end: datetime | None = Field(description="Planned end, likewise.", examples=["2026-03-12T09:00:00Z"])
    planned_description: str | None = Field(
        description="Description that the job gave.", examples=["Change oil and filter"]
    )
    planned_by_job: UUID | None = Field(
        description="The job that scheduled it.", examples=["0198c2de-7b3a-7c11-9f4e-2f6a1d0c5e77"]
    )
    last_event: int = Field(description="Position of the last event about it.", examples=[4711])


class TaskQuery(Parameters):
    """Filters of tasks."""

    network: Slug | None = Field(None)
    task: Key | None = Field(None, description="Only this task, by its key.")
    state: list[one_of(Task.State.values)] = Field([], description="Only tasks in these states.")  # type: ignore[valid-type]
    about: Key | None = Field(None, description="Only tasks about this equipment or part, by its key.")
    tag: Words | None = Field(None, description="Only tasks with this tag.")
    person: Key | None = Field(None, description="Only tasks on which this person acted, by their key.")
    limit: Limit = DEFAULT
    cursor: EventCursor = ""


@listing("/tasks", TaskItem, area=AREA, summary="Tasks")
def tasks(request: ApiRequest, query: Query[TaskQuery]) -> Page:
    """Tasks with their state, the ones with the latest events first."""
    networks = networks_of(request, query.network)
    found = task_rows(
        networks,
        wanted={
            "task": query.task,
            "states": query.state or None,
            "about": query.about,
            "tag": query.tag,
            "person": query.person,
        },
        cursor=query.cursor,
        limit=query.limit + 1,
    )
    names = names_of(thing for row in found for thing in _things(row))
    slugs = {network.id: network.slug for network in networks}
    items = [_item(row, slugs[row.network_id], names) for row in found[: query.limit]]
    last = found[query.limit - 1] if len(found) > query.limit else None
    further = {"cursor": (bytes(last.head_key) + last.network_id.bytes).hex()} if last else None
    return Page(TaskItem, items, further)


def _things(row: Any) -> Iterator[tuple[UUID, str, str | None]]:
    yield row.network_id, "task", row.task
    yield row.network_id, row.about_kind, row.about
    for state in STATES:
        yield row.network_id, "person", getattr(row, f"{state}_by")


def _item(row: Any, slug: str, names: Names) -> TaskItem:
    moments: dict[str, Any] = {f"{state}_at": getattr(row, f"{state}_at") for state in STATES}
    people: dict[str, Any] = {
        f"{state}_by": names.name(row.network_id, "person", getattr(row, f"{state}_by")) for state in STATES
    }
    return TaskItem(
        network=slug,
        task=row.task,
        name=names.name(row.network_id, "task", row.task),
        state=row.state,
        state_at=row.state_at,
        activities=row.activities,
        last_activity_at=row.last_activity_at,
        about_kind=row.about_kind or None,
        about=row.about or None,
        about_name=names.name(row.network_id, row.about_kind, row.about),
        tags=list(row.tags),
        required_spare_parts=[_part(key, quantity) for key, quantity in _list(row.parts)],
        planned_start=row.starts_at,
        planned_end=row.ends_at,
        planned_description=row.description or None,
        planned_by_job=row.planned_by,
        last_event=row.position,
        **moments,
        **people,
    )


def _list(stored: Any) -> list[list[str]]:
    found: list[list[str]] = json.loads(stored) if isinstance(stored, str) else stored
    return found


def _part(key: str, quantity: str) -> RequiredPart:
    return RequiredPart(
        spare_part=key,
        external_reference=key.removeprefix(REF) if key.startswith(REF) else None,
        quantity=figure(Decimal(quantity)) if quantity else None,
    )
