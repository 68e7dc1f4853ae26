"""Addresses of the development aids; included only where PORTAL_DEV is on."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
