"""The pages that say no: in our own words, within the policy, and without leaning on what may be broken."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

from portal.lib.refusals import bad_request
from tests.world import World

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)")


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_stale_form_is_refused_in_our_own_words(world: World, signed_in: bool) -> None:
    client = Client(enforce_csrf_checks=True)
    if signed_in:
        client.force_login(world.alice)
    answer = client.post(reverse("preferences" if signed_in else "account_login"), {"theme": "dark"})
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "This form is out of date" in page
    assert (reverse("account_logout") in page) is signed_in, "the frame is for those who are signed in"
    assert not INLINE.search(page)


@pytest.mark.django_db
def test_a_missing_page_keeps_the_frame_only_for_those_who_are_signed_in(world: World, client: Client) -> None:
    client.force_login(world.alice)
    missing = client.get(reverse("network", args=["nowhere"]))
    assert missing.status_code == HTTPStatus.NOT_FOUND
    page = missing.content.decode()
    assert "There is nothing here" in page and reverse("account_logout") in page
    assert not INLINE.search(page)


@pytest.mark.django_db
def test_what_the_role_does_not_allow_is_said(world: World, client: Client) -> None:
    client.force_login(world.audrey)
    refused = client.get(reverse("network_key", args=[world.foundry.network.slug]))
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "Your role on this network does not allow this. Ask an admin" in refused.content.decode()


def test_the_page_for_our_own_failures_needs_no_database_and_no_session() -> None:
    failed = server_error(HttpRequest())
    assert failed.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Something went wrong on our side" in failed.content
    assert not INLINE.search(failed.content.decode())


@pytest.mark.django_db
def test_a_database_that_is_gone_leaves_a_page_in_our_own_words(world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.alice)
    with patch.object(CursorWrapper, "execute", side_effect=OperationalError("server closed the connection")):
        failed = client.get(reverse("home"))
    assert failed.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Something went wrong on our side" in failed.content
    assert b"closed the connection" not in failed.content


@pytest.mark.django_db
def test_a_view_that_fails_half_way_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.alice)
    monkeypatch.setattr("portal.networks.views.record_act", lambda *_, **__: 1 / 0)
    wish = {"name": "Another name", "plan": "premium", "kind": "production"}
    failed = client.post(reverse("network_change", args=[world.foundry.network.slug]), wish)
    assert failed.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Something went wrong on our side" in failed.content
    world.foundry.network.refresh_from_db()
    assert world.foundry.network.name == "Foundry"


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_who_tries_too_often_is_told_in_our_own_words(world: World, signed_in: bool) -> None:
    client = Client()
    if signed_in:
        client.force_login(world.alice)
    address = reverse("account_reauthenticate" if signed_in else "account_reset_password")
    answers = [client.post(address, {"email": "nobody@example.com", "password": "wrong"}) for _ in range(25)]
    assert answers[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS
    page = answers[-1].content.decode()
    assert "Too many tries" in page
    assert (reverse("account_logout") in page) is signed_in
    assert not INLINE.search(page)


def test_another_host_is_refused_in_our_own_words() -> None:
    refused = Client().get("/", headers={"host": "elsewhere.example"})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert b"could not be understood" in refused.content
    assert b"elsewhere.example" not in refused.content


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("what", ["DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FIELDS"])
def test_what_is_too_much_is_told_apart(world: World, settings: Any, signed_in: bool, what: str) -> None:
    setattr(settings, what, 10)
    client = Client()
    if signed_in:
        client.force_login(world.alice)
    wish = urlencode({f"field-{number}": "x" for number in range(20)})
    refused = client.post(reverse("account_login"), wish, content_type="application/x-www-form-urlencoded")
    assert refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    page = refused.content.decode()
    assert "too much at once" in page
    assert not INLINE.search(page)


def test_the_page_for_a_garbled_request_needs_no_database_and_no_session() -> None:
    failed = bad_request(HttpRequest(), ValueError("a detail that stays inside"))
    assert failed.status_code == HTTPStatus.BAD_REQUEST
    assert b"could not be understood" in failed.content
    assert b"a detail that stays inside" not in failed.content
    assert not INLINE.search(failed.content.decode())
