"""The style guide: every component with sample data on one page, for people who build pages (development only)."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET


class SampleForm(forms.Form):
    """One field of each kind, shown with its errors."""

    reference = forms.CharField(
        label=_("Reference"), max_length=60, help_text=_("As it stands on the shelf, for example BRG-6204.")
    )
    quantity = forms.IntegerField(label=_("Quantity"), min_value=0, help_text=_("Pieces; 0 or more."))
    location = forms.ChoiceField(label=_("Location"), choices=[("A-1", "A-1"), ("B-7", "B-7")])
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("production", _("Production")), ("sandbox", _("Sandbox"))],
        widget=forms.RadioSelect,
        initial="production",
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    urgent = forms.BooleanField(label=_("Order at once"), required=False)


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the components in all their states."""
    now = timezone.now()
    return render(
        request,
        "components/styleguide.html",
        {
            "now": now,
            "earlier": now - timedelta(minutes=3),
            "hours_ago": now - timedelta(hours=5),
            "days_ago": now - timedelta(days=12),
            "form": SampleForm({"reference": "", "quantity": "-4", "location": "A-1", "kind": "sandbox"}),
            "chips": [
                {"text": _("Type: stock decreased"), "query": ""},
                {"text": _("Network: Lyon"), "query": ""},
                {"text": _("Last 7 days"), "query": ""},
            ],
            "states": [
                ("good", _("Confirmed"), ""),
                ("warn", _("Below minimum"), ""),
                ("bad", _("Rejected"), ""),
                ("progress", _("Sending"), ""),
                ("neutral", _("Not sent"), ""),
                ("warn", _("Unverified"), "shield-question"),
                ("good", _("Verified"), "shield-check"),
                ("neutral", _("Late"), "clock"),
            ],
        },
    )
