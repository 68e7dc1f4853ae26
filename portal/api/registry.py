"""The API that the routes enter by one decorator each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from pydantic import BaseModel, Field, create_model
from pydantic.alias_generators import to_camel

from portal.api.answers import Item, answer
from portal.api.door import door, on_bad_values, on_failure, on_refusal
from portal.api.errors import Refusal

VERSION = "1"
IS_LIST = "x-list"

api = NinjaAPI(title="Read API", version=VERSION, openapi_url=None, docs_url=None, urls_namespace="api")
api.add_decorator(door, mode="view")
api.add_decorator(answer, mode="operation")
_HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    Refusal: on_refusal,
    ValidationError: on_bad_values,
    Exception: on_failure,
}
for _kind, _handler in _HANDLERS.items():
    api.add_exception_handler(_kind, _handler)

Route = Callable[..., Any]


def listing(path: str, item: type[Item], *, area: str, summary: str) -> Callable[[Route], Route]:
    """Register a route that returns a `Page` of this kind of item; it answers as CSV as well."""
    page = create_model(
        f"{item.__name__}Page",
        items=(list[item], Field(description="The rows of this page.")),  # type: ignore[valid-type]
        next=(str | None, Field(description="Address of the next page; null where there is none yet.")),
    )
    return _register(path, page, area=area, summary=summary, is_list=True)


def single(path: str, item: type[Item], *, area: str, summary: str) -> Callable[[Route], Route]:
    """Register a route that returns one item."""
    return _register(path, item, area=area, summary=summary, is_list=False)


def _register(path: str, model: type[BaseModel], *, area: str, summary: str, is_list: bool) -> Callable[[Route], Route]:
    def register(view: Route) -> Route:
        return api.get(
            path,
            response=model,
            by_alias=True,
            tags=[area],
            summary=summary,
            operation_id=to_camel(view.__name__),
            url_name=view.__name__,
            openapi_extra={IS_LIST: is_list},
        )(view)

    return register
