"""What opens a door never stands in a log, whoever writes the line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from uvicorn.logging import AccessFormatter

from portal.webhooks.receiver import application
from tests.accounts.test_people import invite
from tests.world import World


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the portal's own handler writes."""
    handler = next(each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_refused_invitation_is_logged_without_its_token(world: World, log: io.StringIO) -> None:
    link = invite(world, "new@example.com")
    answer = Client().post(link, {"name": "New", "password": "short"})
    assert answer.status_code == 422
    assert "/invitation/…/" in log.getvalue()
    assert link.strip("/").rsplit("/", 1)[1] not in log.getvalue()


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/secret-token/",
        "/accounts/password/reset/key/1-secret-token/",
        "/invitation/secret-token",
        "/unsubscribe/secret-token/",
    ],
)
def test_an_address_that_opens_a_door_is_cut(path: str, log: io.StringIO) -> None:
    logging.getLogger("django.request").warning("Not Found: %s", path)
    assert "Not Found" in log.getvalue()
    assert "secret-token" not in log.getvalue()


def test_a_traceback_is_cut_like_a_line(log: io.StringIO) -> None:
    try:
        raise ValueError("no header: https://portal.example/unsubscribe/secret-token/")
    except ValueError:
        logging.getLogger("portal.notifications.mails").exception("A mail could not be sent")
    assert "ValueError: no header" in log.getvalue()
    assert "secret-token" not in log.getvalue()


def test_every_address_with_a_token_is_known() -> None:
    assert reverse("invitation", args=["x"]).startswith("/invitation/")
    assert reverse("unsubscribe", args=["x"]).startswith("/unsubscribe/")
    assert reverse("account_reset_password_from_key", args=["1", "x"]).startswith("/accounts/password/reset/key/")


def test_django_writes_through_no_handler_of_its_own() -> None:
    assert logging.getLogger("django").handlers == []


def test_the_receivers_server_logs_no_token() -> None:
    """Its formatter wants method, address and status one by one."""
    application()
    access, stream = logging.getLogger("uvicorn.access"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AccessFormatter(use_colors=False))
    access.addHandler(handler)
    try:
        access.warning('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", "/hooks/secret-token/", "1.1", 200)
    finally:
        access.removeHandler(handler)
    assert "POST /hooks/…/ HTTP/1.1" in stream.getvalue()
    assert "secret-token" not in stream.getvalue()
