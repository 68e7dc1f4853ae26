"""The sign-in pages of django-allauth that are open, each by name.

Left out: signing up is closed by the adapter's page, and nobody changes an address by themselves. An address is who
somebody is: invitations go to it, and the audit trail names people by it.
"""

from __future__ import annotations

from allauth.account import urls as allauth_urls
from django.urls import URLPattern

OPENED = frozenset({
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",  # says that people come by invitation
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
})  # fmt: skip

urlpatterns: list[URLPattern] = [entry for entry in allauth_urls.urlpatterns if entry.name in OPENED]
