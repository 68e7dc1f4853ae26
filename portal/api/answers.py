"""Turns what a route returns into an answer: JSON or CSV, as the Accept header asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from portal.api.errors import not_acceptable
from portal.lib.tabular.write import write_csv

JSON, CSV = "application/json", "text/csv"


class Item(BaseModel):
    """One row of an answer. Names are in the vendor's words and spelling; they stay as they are within a version."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; `further` are the parameters with which the next ones are asked for, None at the end."""

    model: type[Item]
    items: Sequence[Item]
    further: dict[str, str | int] | None = None


def refuse_other_forms(request: HttpRequest, *, has_csv: bool) -> None:
    """Raise a Refusal (406) where nothing that is offered is acceptable."""
    _form(request, has_csv=has_csv)


def answer(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Let a route return plain rows."""

    @wraps(view)
    def inside(request: HttpRequest, **values: Any) -> HttpResponse:
        result = view(request, **values)
        if isinstance(result, Page):
            return _page(request, result)
        return HttpResponse(result.model_dump_json(by_alias=True), content_type=JSON)

    return inside


def _form(request: HttpRequest, *, has_csv: bool) -> str:
    offered = [JSON, CSV] if has_csv else [JSON]
    found = request.get_preferred_type(offered)
    if found is None:
        raise not_acceptable(offered)
    return found


def _page(request: HttpRequest, page: Page) -> HttpResponse:
    following = _address(request, page.further) if page.further else None
    if _form(request, has_csv=True) == CSV:
        response = HttpResponse(_csv(page), content_type=f"{CSV}; charset=utf-8")
    else:
        rows = TypeAdapter(list[page.model]).dump_json(list(page.items), by_alias=True)  # type: ignore[name-defined]
        response = HttpResponse(b'{"items":' + rows + b',"next":' + to_json(following) + b"}", content_type=JSON)
    if following:
        response["Link"] = f'<{following}>; rel="next"'
    return response


def _address(request: HttpRequest, changes: dict[str, str | int]) -> str:
    """Return the address of this request with some parameters changed."""
    query: QueryDict = request.GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return f"{settings.PORTAL_BASE_URL}{request.path}?{query.urlencode()}"


def _csv(page: Page) -> bytes:
    """Return the rows as CSV: a cell for each field, empty for null, lists and objects as JSON."""
    heading = [field.alias or name for name, field in page.model.model_fields.items()]
    rows = ([_cell(value) for value in item.model_dump(mode="json", by_alias=True).values()] for item in page.items)
    file = BytesIO()
    write_csv(file, heading, rows)
    return file.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value).decode()
