"""Forms of jobs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.lib.tabular.errors import TooManyBytes


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
