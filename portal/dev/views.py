"""Pages that only a development installation has."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.dev.outbox import newest_mails


@login_not_required  # the mail that lets somebody sign in is read by somebody who cannot sign in yet
@never_cache
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the mails that were not sent (EMAIL_URL=filemail://…)."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    return render(request, "dev/outbox.html", {"mails": newest_mails(Path(folder)) if folder else []})
