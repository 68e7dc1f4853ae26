"""Fixtures for every test: both database roles, and a world of people and networks to act in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import settings

from tests.world import World, build_world

# Speed is measured by the bench; a busy machine is no failure of what is tested here.
settings.register_profile("portal", deadline=None)
settings.load_profile("portal")

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The harness has made the database already, as the owner role."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open both aliases in every database test: the app role works, the owner role looks and cleans up."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and "databases" not in marker.kwargs:
            item.add_marker(pytest.mark.django_db(**{**marker.kwargs, "databases": ["default", "owner"]}), append=False)


def empty_all_tables() -> None:
    """Empty every table as the owner, within retention: evidence cannot be removed in any other way."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = sorted({row[0] for row in cursor.fetchall()} - KEPT)
        cursor.execute("SET portal.retention = 'on'")
        cursor.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        cursor.execute("RESET portal.retention")


def _teardown(self: TransactionTestCase) -> None:
    empty_all_tables()


TransactionTestCase._fixture_teardown = _teardown  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Hash passwords in no time; the real hasher is Django's own and takes a fifth of a second each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    caches["counts"].clear()


@pytest.fixture(autouse=True)
def _source_language() -> Iterator[None]:
    """A page asked for in French leaves its thread French until the next request; no test may depend on that."""
    with translation.override("en"):
        yield


@pytest.fixture
def world(db: None) -> World:
    """People, organizations and networks (see tests/world.py)."""
    return build_world()
