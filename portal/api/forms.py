"""The form of a new token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.api.models import Scope
from portal.networks.models import Network

ALL, SOME = "all", "some"
LIFETIMES = [
    (30, _("30 days")),
    (90, _("90 days")),
    (365, _("1 year")),
    (730, _("2 years")),
]


class TokenForm(forms.Form):
    """What a token is for, what it may read, and for how long."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("The program that uses it, so that you know later which one to revoke: “Data warehouse”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Rights"), choices=Scope.choices, initial=[Scope.READ.value], widget=forms.CheckboxSelectMultiple
    )
    reach = forms.ChoiceField(
        label=_("It may read"),
        choices=[
            (ALL, _("All networks, also those that are connected later")),
            (SOME, _("Only the networks that are ticked below")),
        ],
        widget=forms.RadioSelect,
        initial=SOME,
    )
    networks = forms.MultipleChoiceField(label=_("These networks"), required=False, widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=_("Valid for"), choices=LIFETIMES, coerce=int, initial=365)

    def __init__(self, *args: Any, networks: Sequence[Network], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_slug = {network.slug: network for network in networks}
        self.fields["networks"].is_asked = True  # type: ignore[attr-defined]
        self.fields["networks"].choices = [(network.slug, network.name) for network in networks]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for at least one network where only some are meant."""
        data = super().clean() or {}
        if data.get("reach") == SOME and "networks" in data and not data["networks"]:
            self.add_error("networks", _("Tick at least one network, or choose all."))
        return data

    def chosen_networks(self) -> list[Network] | None:
        """Return the chosen networks, None for all."""
        if self.cleaned_data["reach"] == ALL:
            return None
        return [self._by_slug[slug] for slug in self.cleaned_data["networks"]]
