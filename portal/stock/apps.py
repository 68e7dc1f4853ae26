"""The projection of stock: chains of levels, and what can be said of them."""

from __future__ import annotations

from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "portal.stock"
    label = "stock"
