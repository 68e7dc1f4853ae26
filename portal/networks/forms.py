"""Forms of networks: connecting, keys, secrets, addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organization
from portal.networks.models import Network

OVERLAPS = [
    (0, _("End the old one at once")),
    (1, _("Keep the old one for 1 hour")),
    (24, _("Keep the old one for 1 day")),
    (72, _("Keep the old one for 3 days")),
    (168, _("Keep the old one for 7 days")),
]


class KeyForm(forms.Form):
    """An API key. Never shown again, also not when the form comes back with an error."""

    api_key = forms.CharField(
        label=_("API key"),
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("You get it from your contact at Mobility Work. It is sealed here and never shown again."),
    )


class ConnectKeyForm(KeyForm):
    """The first step of connecting: to which organization, and the key."""

    organization = forms.ModelChoiceField(
        label=_("Organization"), queryset=Organization.objects.none(), empty_label=None
    )
    field_order = ["organization", "api_key"]

    def __init__(self, *args: Any, organizations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = organizations  # type: ignore[attr-defined]
        if len(organizations) == 1:
            self.fields["organization"].widget = forms.HiddenInput()
            self.initial.setdefault("organization", organizations[0].pk)


class ConfirmForm(forms.Form):
    """The second step: what the vendor does not tell."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As people here call the plant."))
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Network.Kind.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "The key does not tell which of the two it opens: whoever gave it to you knows. What is sent to production "
            "changes the plant. A sandbox is for rehearsing, and tinted on every page."
        ),
        error_messages={"required": _("Choose production or sandbox.")},
    )
    plan = forms.ChoiceField(
        label=_("Plan"),
        choices=[
            ("starter", _("Starter – no webhooks: nothing arrives here, and no write can be confirmed")),
            ("premium", _("Premium – webhooks, stock and all bulk writes")),
            ("ultimate", _("Ultimate – as Premium, without its limits")),
        ],
        widget=forms.RadioSelect,
        initial="premium",
    )


class ChangeForm(forms.ModelForm):  # type: ignore[type-arg]
    """What may be changed of a connected network."""

    class Meta:
        model = Network
        fields = ["name", "plan", "kind", "production"]
        labels = {"production": _("Sandbox of")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        siblings = Network.objects.filter(
            organization_id=self.instance.organization_id, kind=Network.Kind.PRODUCTION
        ).exclude(id=self.instance.id)
        self.fields["production"].queryset = siblings  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Pair only a sandbox, and only with a production network."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("production") and data.get("kind") != Network.Kind.SANDBOX:
            self.add_error("production", _("Only a sandbox network is paired with a production network."))
        return data


class OverlapForm(forms.Form):
    """How long old and new are both valid."""

    overlap = forms.TypedChoiceField(label=_("Overlap"), choices=OVERLAPS, coerce=int, initial=24)

    def overlap_time(self) -> timedelta:
        """Return the chosen overlap."""
        return timedelta(hours=self.cleaned_data["overlap"])


class SecretForm(OverlapForm):
    """A further signing secret: generated, or one that Mobility Work has already."""

    # Which secret the form makes, signed: sent once more, by a reload, it makes no other.
    makes = forms.CharField(widget=forms.HiddenInput, required=False)
    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        min_length=16,
        max_length=200,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Leave it empty to have a strong one generated."),
    )
    field_order = ["secret", "overlap"]
