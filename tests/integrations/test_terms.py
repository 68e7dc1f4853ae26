"""What a person types finds the events that hold it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mobility_work.terms import MAX_LENGTH, MAX_TERMS, index_terms, search_terms


def finds(query: str, text: str) -> bool:
    words = search_terms(query)
    return bool(words) and all(any(term.startswith(word) for term in index_terms([text])) for word in words)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("filtre huile", "Filtre à huile GA37"),
        ("FILTRÉ A", "Filtre à huile GA37"),
        ("roul-6205-2rs", "Roulement ROUL-6205-2RS"),
        ("6205-2RS", "Roulement ROUL-6205-2RS"),
        ("6205", "Roulement ROUL-6205-2RS"),
        ("ROUL-62", "(ROUL-6205-2RS),"),
        ("A-03-2", "Magasin central A-03-2"),
        ("oeuvre", "L’Œuvre étagée"),
        ("hauptstrasse", "Hauptstraße 3"),
        ("OT/2026", "OT/2026-00318"),
        ("ＧＡ３７", "ga37"),
        ("7c41", "7c41d9ae"),
        ("n°1", "Compresseur n°1"),
    ],
)
def test_it_is_found(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"), [("filtre eau", "Filtre à huile"), ("205", "ROUL-6205"), ("", "x"), ("--", "x")]
)
def test_it_is_not_found(query: str, text: str) -> None:
    assert not finds(query, text)


@given(st.text(max_size=60))
def test_any_text_is_found_by_itself(text: str) -> None:
    terms = index_terms([text])
    for word in search_terms(text):
        assert any(term.startswith(word) for term in terms), word


@given(st.lists(st.text(max_size=300), max_size=20))
def test_terms_are_bounded_sorted_and_storable(texts: list[str]) -> None:
    terms = index_terms(texts)
    assert terms == index_terms(texts)
    assert list(terms) == sorted(set(terms))
    assert len(terms) <= MAX_TERMS
    for term in terms:
        assert 0 < len(term) <= MAX_LENGTH
        assert "\0" not in term
        term.encode()


def test_the_first_texts_are_kept_when_there_are_too_many() -> None:
    terms = index_terms(["needle", *(f"word{number}" for number in range(500))])
    assert len(terms) == MAX_TERMS
    assert "needle" in terms
