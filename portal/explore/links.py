"""Addresses of lists that figures lead to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse


def list_url(name: str, **parameters: str) -> str:
    """Return the address of a list by its name and filters; of the timeline where this portal has no such list."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        url, parameters = reverse("timeline"), {"network": parameters.get("network", "")}
    query = urlencode({key: value for key, value in parameters.items() if value})
    return f"{url}?{query}" if query else url
