"""The form of the silence alarm of a network."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.mobility_work.events import TABLE
from portal.webhooks.silence import EACH, HOURS, MOST_HOURS, WHOLE

FIELDS = {"whole": WHOLE, "each": EACH} | {entry.name: entry.name for entry in TABLE}


class SilenceForm(forms.Form):
    """Hours for the network as a whole, for each type, and for single types."""

    whole = forms.IntegerField(
        label=_("The network as a whole, in hours"),
        min_value=0,
        max_value=MOST_HOURS,
        required=False,
        help_text=_("It counts as silent when nothing at all has arrived for so long. 0 = never; empty = 24."),
    )
    each = forms.IntegerField(
        label=_("Each event type, in hours"),
        min_value=0,
        max_value=MOST_HOURS,
        required=False,
        help_text=_("For types without hours of their own below. 0 or empty = no alarm; some types are rare."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for entry in TABLE:
            self.fields[entry.name] = forms.IntegerField(
                label=gettext(entry.label), min_value=0, max_value=MOST_HOURS, required=False
            )

    def wanted(self) -> dict[str, int | None]:
        """Return the hours by the type that a rule names; None = no rule."""
        found = {name: self.cleaned_data.get(field) for field, name in FIELDS.items()}
        if found[WHOLE] == HOURS:
            found[WHOLE] = None
        if found[EACH] == 0:
            found[EACH] = None
        return found
