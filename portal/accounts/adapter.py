"""The sign-in policy where django-allauth asks for one."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed: people come by an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse the sign-up page."""
        return False
