"""The pages that say no: in our own words, within the policy, and without leaning on what may be broken."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.defaults import bad_request, server_error

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
    assert "Your role does not allow it" in refused.content.decode()


def test_the_page_for_our_own_failures_needs_no_database_and_no_session() -> None:
    failed = server_error(HttpRequest())
    assert failed.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Something went wrong on our side" in failed.content
    assert not INLINE.search(failed.content.decode())


def test_the_page_for_a_garbled_request_needs_no_database_and_no_session() -> None:
    failed = bad_request(HttpRequest(), ValueError("a detail that stays inside"))
    assert failed.status_code == HTTPStatus.BAD_REQUEST
    assert b"could not be understood" in failed.content
    assert b"a detail that stays inside" not in failed.content
    assert not INLINE.search(failed.content.decode())
