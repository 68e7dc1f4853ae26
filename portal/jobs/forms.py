"""Forms of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.spec import Field, Kind, Operation
from portal.jobs.problems import Problem
from portal.lib.tabular.errors import TooManyBytes
from portal.networks.models import Network

LONG = 500  # characters, from which a text gets several lines
CELL = "cell-"  # before the column's name, in the names of inputs
TYPE = "type-"
SUGGESTED = frozenset({"part", "equipment", "location", "person", "tag"})  # what the portal has seen

JSON = frozenset({Kind.OBJECT, Kind.OBJECTS, Kind.ADVANCED})


class FileForm(forms.Form):
    """A file of rows."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,  # the reading of the file says it better
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": _("Choose a file first.")},
    )

    def __init__(self, *args: Any, is_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_too_large:  # nothing of it was kept, so that it counts as missing
            said = str(TooManyBytes(limit=settings.PORTAL_MAX_FILE_MB))
            self.fields["file"].error_messages["required"] = said


class ItemForm(forms.Form):
    """One item of an operation, a text field for each column: the check of rows says what is wrong with it.

    So a form and a file are judged by the same rules, and a page repeats none of them.
    """

    use_required_attribute = False  # what is missing is said in the same words as of a file

    def __init__(
        self,
        operation: Operation,
        network: Network,
        *,
        cells: Mapping[str, str] | None = None,
        types: Mapping[str, str] | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        super().__init__()
        self.operation, self.network = operation, network
        self.lists: list[str] = []  # ids of the lists of what the portal has seen
        self._json = {CELL + field.name for field in operation.fields if field.kind in JSON}
        said: dict[str, list[str]] = {}
        for problem in problems:
            said.setdefault(problem.column, []).append(problem.text)
        self.general = said.pop("", [])
        for field in operation.fields:
            self._add(field, (cells or {}).get(field.name, ""), (types or {}).get(field.name, ""))
        self._errors = forms.utils.ErrorDict(
            {CELL + name: self.error_class(texts, renderer=self.renderer) for name, texts in said.items()}
        )

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """Return what people fill in."""
        return [each for each in self.visible_fields() if each.name not in self._json]

    @property
    def json_fields(self) -> list[forms.BoundField]:
        """Return what is written as JSON, for those who know the names that Mobility Work gives to things."""
        return [each for each in self.visible_fields() if each.name in self._json]

    @property
    def is_json_used(self) -> bool:
        """Say whether something stands in a JSON field, or is wrong with it."""
        return any(each.initial or each.errors for each in self.json_fields)

    def _add(self, field: Field, cell: str, kind: str) -> None:
        made = forms.CharField(
            label=gettext(field.label),
            required=field.needed,
            initial=cell,
            help_text=_help(field, self.operation),
            widget=self._widget(field),
        )
        self.fields[CELL + field.name] = made
        if len(field.identifiers) > 1:
            self.fields[TYPE + field.name] = forms.ChoiceField(
                label=gettext("%(column)s: what identifies it") % {"column": gettext(field.label)},
                choices=[(each.name, gettext(each.label)) for each in field.identifiers],
                initial=kind or field.identifiers[0].name,
                required=True,
            )

    def _widget(self, field: Field) -> forms.Widget:
        attrs: dict[str, Any] = {"autocomplete": "off", "placeholder": field.example}
        if field.kind is Kind.BOOLEAN:
            return forms.Select(choices=[("", "–"), ("yes", gettext("Yes")), ("no", gettext("No"))])
        if field.kind is Kind.CHOICE:
            return forms.Select(choices=[("", "–"), *((each, each) for each in field.choices)])
        if field.kind in JSON or (field.max_length or 0) > LONG:
            return forms.Textarea(attrs={**attrs, "rows": 3})
        if field.kind in {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY}:
            attrs["inputmode"] = "decimal"
        if suggested_for(field):
            choices = f"known-{field.name.replace('.', '-')}"
            self.lists.append(choices)
            address = reverse("suggest", args=[self.network.slug, self.operation.name, field.name])
            attrs |= {
                "list": choices,
                "hx-get": address,
                "hx-trigger": "input changed delay:200ms, focus once",
                "hx-target": f"#{choices}",
                "hx-include": "this",
                "hx-sync": "this:replace",
            }
        return forms.TextInput(attrs=attrs)


def suggested_for(field: Field) -> str:
    """Return which of SUGGESTED a column offers to choose from; empty for none."""
    return next((each for each in (field.subject, field.offers) if each in SUGGESTED), "")


def _help(field: Field, operation: Operation) -> str:
    text = gettext(field.help)
    if field.nullable and operation.updates:  # of what is made there is nothing to clear
        text += " " + gettext("%(token)s clears it.") % {"token": settings.PORTAL_CLEAR_TOKEN}
    return text
