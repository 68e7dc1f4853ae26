"""Every way in which an event can differ from the vendor's contract is said in words, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from portal.lib.scope import network_scope
from portal.timeline.differences import OTHER, WORDS, words_of
from portal.timeline.models import ContractDifference
from tests.timeline.test_timeline import arrive, body, client_of
from tests.world import World

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
NOTED = re.compile(r'differ\("(\w+)"|code="(\w+)"|surprise = "(\w+)" if .* else "(\w+)"')


def noted_codes() -> set[str]:
    """Return the codes that the reader and the pipeline write."""
    sources = [*(ROOT / "integrations" / "mobility_work").rglob("*.py"), ROOT / "portal" / "webhooks" / "pipeline.py"]
    within = [path for path in sources if path.name in {"body.py", "reader.py", "events.py", "pipeline.py"}]
    return {code for path in within for match in NOTED.findall(path.read_text()) for code in match if code}


def test_every_code_has_words_in_both_languages() -> None:
    assert noted_codes() == set(WORDS)
    english = {code: words_of(code) for code in WORDS}
    with translation.override("fr"):
        assert all(words_of(code) != english[code] for code in WORDS)
        assert words_of("of-a-later-reader") == str(OTHER)


def test_a_network_names_its_differences_in_words_and_few_lines(world: World) -> None:
    arrive(world.foundry, *(body(number, **{f"extra{number}": 1, "extra": 1}) for number in range(7)))
    arrive(world.foundry, body(8, _event="TaskWasMoved", extra=1))
    client: Client = client_of(world.alice)
    page = client.get(reverse("network", args=["foundry"])).content.decode()
    assert "unknown_field" not in page and "unknown_event" not in page
    assert page.count("There is a field that the documentation does not describe.") == 8
    assert "Show all 9" in page
    before, _, _ = page.partition("Show all 9")
    assert before.count("the documentation does not describe") + before.count("does not know this type") == 5
    world.alice.language = "fr"
    world.alice.save()
    assert "Il y a un champ que la documentation ne décrit pas." in client.get("/networks/foundry/").content.decode()
    event = client.get(reverse("event", args=["foundry", 1])).content.decode()
    assert "Il y a un champ" in event and "unknown_field" not in event


def test_words_of_types_that_somebody_invents_are_bounded_and_escaped(world: World) -> None:
    network = world.foundry.network
    with network_scope(network.id):
        ContractDifference.objects.bulk_create(
            ContractDifference(
                network_id=network.id, type=f"<b>{number}", code="unknown_event", path="_event", detail="",
                first_position=1, first_seen_at=timezone.now(),
            )
            for number in range(300)
        )  # fmt: skip
    page = client_of(world.alice).get(reverse("network", args=["foundry"])).content.decode()
    assert "200 types in all" in page
    assert page.count("&lt;b&gt;") == 4 and "<b>1" not in page


def test_words_that_only_insiders_know_are_explained_where_they_stand(world: World) -> None:
    arrive(world.foundry, body(1))
    client = client_of(world.alice)
    for page, words in (
        ("/networks/foundry/", ("What is a recipe?", "Quarantine, held, failed?")),
        ("/networks/foundry/events/1/", ("What is a recipe?",)),
        ("/", ("Quarantine, held, failed?",)),
        ("/help/", ("What is a recipe?", "Quarantine, held, failed?")),
    ):
        text = client.get(page).content.decode()
        assert all(word in text for word in words), page


def test_an_event_page_has_its_facts_before_its_payload(world: World) -> None:
    arrive(world.foundry, body(1), body(6))
    page = client_of(world.audrey).get(reverse("event", args=["foundry", 1])).content.decode()
    places = [
        page.index(f"<h2>{word}</h2>") for word in ("Facts", "Mentioned", "Related events", "Deliveries", "Payload")
    ]
    assert places == sorted(places)
    assert page.index("exactly as received") > places[-1]
