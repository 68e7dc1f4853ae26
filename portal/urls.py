"""All addresses of the portal."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from portal.lib import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("", health.alive, name="home"),
    path("accounts/", include("allauth.account.urls")),
]
if settings.PORTAL_DEV:
    urlpatterns += [path("", include("portal.dev.urls"))]
