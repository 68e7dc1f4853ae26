"""The outbox shows what a development installation would have sent, to people who cannot sign in yet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from portal.dev.outbox import newest_mails


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def send(subject: str, text: str) -> None:
    EmailMessage(subject, text, "portal@localhost", ["léa@demo.example"]).send()
    time.sleep(0.02)  # more than the clock of the file system needs to tell two files apart


def test_mails_are_read_back_newest_first(folder: Path) -> None:
    send("First", "one")
    send("Zweite – Einladung", "Grüße\nhttp://localhost:8000/invitation/abc/")

    mails = newest_mails(folder)

    assert [mail.subject for mail in mails] == ["Zweite – Einladung", "First"]
    assert mails[0].text == "Grüße\nhttp://localhost:8000/invitation/abc/"
    assert mails[0].to == "léa@demo.example"
    assert mails[0].sent_at is not None


def test_no_more_than_the_limit(folder: Path) -> None:
    for number in range(4):
        send(f"Mail {number}", "text")

    assert [mail.subject for mail in newest_mails(folder, limit=2)] == ["Mail 3", "Mail 2"]


@pytest.mark.django_db
def test_the_page_needs_no_sign_in_makes_links_and_escapes(folder: Path, client: Client) -> None:
    send("<b>Invitation</b>", "Open http://localhost:8000/invitation/abc/ <script>alert(1)</script>")

    answer = client.get("/outbox/")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert 'href="http://localhost:8000/invitation/abc/"' in page
    assert "<b>Invitation" not in page
    assert "<script>alert" not in page


@pytest.mark.django_db
def test_an_empty_outbox_says_so(folder: Path, client: Client) -> None:
    assert "Nothing yet" in client.get("/outbox/").content.decode()
