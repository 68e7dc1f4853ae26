"""Addresses of the development aids; included only where PORTAL_DEV is on."""

from django.urls import URLPattern, path

from portal.dev import views
from portal.lib.styleguide import styleguide

urlpatterns: list[URLPattern] = [
    path("outbox/", views.outbox, name="outbox"),
    path("styleguide/", styleguide, name="styleguide"),
]
