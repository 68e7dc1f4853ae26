"""What is sent of a row besides what it is about, in words and by the headings of the person's own file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext

from integrations.mobility_work.numbers import EXPONENTS
from integrations.mobility_work.operations import OPERATIONS
from integrations.spec import Field, Kind
from portal.jobs.models import Job, Row

LONGEST = 80  # characters of a value
MISSING = object()


def sent_values(job: Job, row: Row, headings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return heading and text of each value; of a row that cannot be sent, as it was typed."""
    operation = OPERATIONS[job.operation]
    named = operation.identity or tuple(field.name for field in operation.fields[:2])  # shown as what it is about
    found = []
    for field in operation.fields:
        if field.name in named or not field.path:
            continue
        text = (row.cells or {}).get(field.name, "") if row.item is None else _text(field, row.item)
        if text:
            shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
            found.append((headings.get(field.name, gettext(field.label)), shown))
    return found


def _text(field: Field, item: Mapping[str, Any]) -> str:
    value: Any = item
    for part in field.path:
        if value is None:
            break  # the whole of it is cleared
        value = value.get(part, MISSING) if isinstance(value, Mapping) else MISSING
    if value is MISSING or (field.kind is Kind.CURRENCY):
        return ""
    if value is None:
        return str(settings.PORTAL_CLEAR_TOKEN)
    if field.kind is Kind.MONEY:
        return _money(value, item[field.path[0]])
    if field.kind is Kind.DATETIME:
        return str(value)[:16].replace("T", " ")
    if field.reserved and isinstance(value, Mapping):
        value = {name: each for name, each in value.items() if name not in field.reserved}
        return json.dumps(value, ensure_ascii=False) if value else ""
    return _plain(value, is_name=bool(field.identifiers))


def _money(amount: Any, money: Any) -> str:
    code = money.get("currency", "") if isinstance(money, Mapping) else ""
    exponent = EXPONENTS.get(code, 0)
    return f"{number_format(Decimal(str(amount)).scaleb(-exponent), exponent, force_grouping=True)} {code}".rstrip()


def _plain(value: Any, *, is_name: bool = False) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, (int, float)):
        return str(value) if is_name else str(number_format(value, force_grouping=True))
    if isinstance(value, list):
        return ", ".join(_plain(each, is_name=is_name) for each in value)
    if isinstance(value, Mapping) and set(value) == {"type", "value"}:
        return _plain(value["value"], is_name=True)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
