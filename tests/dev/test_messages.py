"""The catalogues: complete, compiled, and used on the pages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import strip_tags

from portal.dev import messages
from portal.lib.scope import network_scope
from portal.timeline.models import Reading
from portal.timeline.sentences import sentence_html
from portal.webhooks.history import PastRequest, store_past
from portal.webhooks.pipeline import process_waiting
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
        ("It is here", "C'est ici", "typography at"),
        ("Stop!", "Stop !", "typography at"),
        ("Stop!", "Stop\u202f!", ""),
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


def test_a_guess_is_told_until_somebody_has_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Catalog(locale=None)
    source.add("Hello")
    monkeypatch.setattr(messages, "LOCALES", tmp_path)
    monkeypatch.setattr(messages, "template", lambda: source)
    written = Catalog(locale="fr")
    written.add("Hello", "Bonjour", flags=["fuzzy"])
    path = messages.po_path("fr")
    path.parent.mkdir(parents=True)
    path.write_bytes(messages.po_bytes(written))

    assert messages.main([]) == 0
    assert messages.problems("fr") == ["fr: only guessed (fuzzy): 'Hello'"]
    assert messages.main(["--check"]) == 1


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
    network = client.get(reverse("network", args=[world.foundry.network.slug])).content.decode()
    assert "Dernière livraison" in network
    assert "Clé d’API" in network
    sign_in = Client().get("/accounts/login/", headers={"Accept-Language": "fr"}).content.decode()
    assert "Se connecter" in sign_in


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "heading", "sentence"),
    [
        ("fr", "Lundi 2 mars 2026", "Mehdi Benali a consommé 2,5 × Huile (10 → 7,5)"),
        ("en", "Monday, 2 March 2026", "Mehdi Benali consumed 2.5 × Huile (10 → 7.5)"),
    ],
)
def test_a_day_and_an_event_are_written_as_the_reader_writes(
    world: World, language: str, heading: str, sentence: str
) -> None:
    event = {
        "_event": "SparePartWasConsumed",
        "_idempotencyKey": "key-1",
        "emittedAt": "2026-03-02T09:00:00+00:00",
        "sparePart": {"id": "1", "externalReference": "", "name": "Huile"},
        "initiator": {"userId": "7", "firstName": "Mehdi", "lastName": "Benali"},
        "consumed": {"_type": "SparePartConsumption", "quantity": 2.5, "previousStock": 10},
    }
    network = world.foundry.network
    with network_scope(network.id):
        store_past(network.id, [PastRequest(timezone.now(), json.dumps(event).encode(), {})])
    process_waiting(network.id, limit=7)
    world.bob.language = language
    world.bob.save()
    client = Client()
    client.force_login(world.bob, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = client.get(reverse("timeline")).content.decode()

    assert f'<h2 class="day">{heading}</h2>' in page
    assert sentence in " ".join(strip_tags(page).split())


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
