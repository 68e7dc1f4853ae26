"""Addresses of lists that figures lead to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse


def list_url(name: str, **parameters: str) -> str:
    """Return the address of a list by its name and filters."""
    url = reverse(name)
    query = urlencode({key: value for key, value in parameters.items() if value})
    return f"{url}?{query}" if query else url
