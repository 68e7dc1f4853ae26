"""Forms of people: roles, invitations, joining, preferences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Role, User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NONE = ""


class SignInForm(LoginForm):  # type: ignore[misc]
    """Sign-in, ready to type: the first field has the focus, and no placeholder repeats a label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["login"].label = _("E-mail address")  # one word for it on all pages
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class RolesForm(forms.Form):
    """Admin of everything, or one role per network. Networks are (id, name) pairs."""

    is_admin = forms.BooleanField(
        label=_("Admin of the organization"),
        required=False,
        help_text=_("Sees every network, and manages networks, keys and people."),
    )

    def __init__(self, *args: Any, networks: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint: StrOrPromise = _("A manager reads and submits jobs; an auditor reads everything and changes nothing.")
        for network_id, name in networks:
            self.fields[f"role_{network_id}"] = forms.ChoiceField(
                label=name,
                choices=[(NONE, _("No access")), *Role.choices],
                required=False,
                help_text=hint,
            )
            hint = ""  # once is enough

    def roles(self) -> dict[UUID, str]:
        """Return the chosen roles by network id."""
        return {
            UUID(name.removeprefix("role_")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("role_") and value
        }

    def clean(self) -> dict[str, Any]:
        """Ask for at least one role."""
        data = super().clean() or {}
        if not data.get("is_admin") and not any(value for name, value in data.items() if name.startswith("role_")):
            raise forms.ValidationError(_("Choose a role on at least one network, or admin of the organization."))
        return data


class InviteForm(RolesForm):
    """Whom to invite, and to what."""

    email = forms.EmailField(label=_("E-mail address"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["email", "is_admin"])


class JoinForm(forms.Form):
    """What a new person gives to join."""

    name = forms.CharField(label=_("Your name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; a sentence is good."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Apply the password rules, one of which is that it be unlike the person's name and address."""
        data = super().clean() or {}
        if password := data.get("password"):
            try:
                validate_password(password, User(email=self._email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """How the portal looks and speaks to one person."""

    language = forms.ChoiceField(
        label=_("Language"),
        # Each by its own name, for whoever cannot read the page.
        choices=[(code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES],
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(zone, zone) for zone in sorted(available_timezones())],
        help_text=_("Used on pages over several networks; a network's own pages use the network's."),
    )

    class Meta:
        model = User
        fields = ["name", "language", "time_zone", "theme", "density"]
