"""The catalogues: complete, compiled, and used on the pages."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags

from portal.dev import messages
from portal.timeline.models import Reading
from portal.timeline.sentences import sentence_html
from tests.world import World


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_catalogue_is_complete_and_compiled(language: str) -> None:
    assert messages.problems(language) == []


def test_messages_of_every_kind_of_source_are_found() -> None:
    found = messages.template()
    assert "{person} restocked {quantity} × {part}" in found  # a sentence of the event table
    assert "There is no such network, or you have no access to it." in found  # a view
    assert ("%(count)s new event", "%(count)s new events") in found  # a plural of a template
    assert "Signed in" in found  # a lazy one


@pytest.mark.parametrize(
    ("msgid", "msgstr", "told"),
    [
        ("Hello", "", "not translated"),
        ("%(count)s of %(name)s", "%(count)s de %(nom)s", "placeholders differ"),
        ("{person} left", "{personne} est parti", "placeholders differ"),
        ("{person} left", "{person est parti", "placeholders differ"),
        (("%(n)s day", "%(n)s days"), ("%(n)s jour", ""), "not translated"),
        ("{person} left", "{person} est parti", ""),
        ("100 %", "100 %", ""),
    ],
)
def test_what_is_missing_or_broken_is_told(
    msgid: str, msgstr: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Catalog(locale=None)
    source.add(msgid)
    monkeypatch.setattr(messages, "LOCALES", tmp_path)
    monkeypatch.setattr(messages, "template", lambda: source)
    written = Catalog(locale="fr")
    written.add(msgid, msgstr)
    path = messages.po_path("fr")
    path.parent.mkdir(parents=True)
    path.write_bytes(messages.po_bytes(written))

    assert messages.main([]) == 0  # it updates and compiles in any case
    problems = messages.problems("fr")

    assert len(problems) == bool(told)
    assert all(told in problem for problem in problems)


@pytest.mark.django_db
def test_pages_speak_the_language_of_the_person(world: World) -> None:
    world.bob.language = "fr"
    world.bob.save()
    client = Client()
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = client.get(reverse("timeline")).content.decode()

    assert '<html lang="fr"' in page
    assert "Chronologie" in page
    assert "Aucun événement" in page
    sign_in = Client().get("/accounts/login/", headers={"Accept-Language": "fr"}).content.decode()
    assert "Se connecter" in sign_in


@pytest.mark.django_db
def test_a_sentence_is_told_in_the_language_and_numbers_of_the_reader() -> None:
    reading = Reading(
        sentence={
            "template": "{person} counted {quantity} × {part}",
            "arguments": {"person": {"text": "A. Martin"}, "quantity": {"text": "3"}, "part": {"text": "Huile"}},
        },
        previous_stock=Decimal("10000"),
        resulting_stock=Decimal("2.500000"),
    )
    told = {}
    for language in ("fr", "en"):
        with translation.override(language):
            told[language] = strip_tags(sentence_html(reading, "foundry"))
    assert told["fr"] == "A. Martin a compté 3 × Huile (10000 → 2,5)"
    assert told["en"] == "A. Martin counted 3 × Huile (10000 → 2.5)"
