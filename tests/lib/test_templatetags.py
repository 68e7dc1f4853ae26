"""What the template tags put on a page: times, icons, states, copyable texts and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from portal.lib.templatetags.portal import relative

NOON = datetime(2026, 7, 14, 12, 0, 5, tzinfo=UTC)


def render(source: str, **values: Any) -> str:
    return Template("{% load portal %}" + source).render(Context(values))


@pytest.fixture(autouse=True)
def _english_in_utc() -> Iterator[None]:
    with translation.override("en"), timezone.override(UTC):
        yield


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (59, "now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86399, "23 hours ago"),
        (86400, "1 day ago"),
        (29 * 86400, "29 days ago"),
        (30 * 86400, "1 month ago"),
        (364 * 86400, "12 months ago"),
        (365 * 86400, "1 year ago"),
        (-59, "now"),
        (-60, "in 1 minute"),
        (-2 * 86400, "in 2 days"),
    ],
)
def test_a_distance_in_time_is_told_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert relative(NOON - timedelta(seconds=seconds), now=NOON) == words


def test_a_time_is_in_the_readers_zone_unless_the_page_names_one() -> None:
    with timezone.override("America/New_York"):
        assert ">08:00</time>" in render('{% when moment "" "clock" %}', moment=NOON)
        named = render('{% when moment "Europe/Paris" "clock" %}', moment=NOON)
    assert ">14:00</time>" in named
    assert 'datetime="2026-07-14T14:00:05+02:00"' in named
    assert "14:00:05 CEST" in named


def test_a_relative_time_can_be_refreshed_by_the_script_and_says_the_exact_time_too() -> None:
    html = render("{% when moment %}", moment=timezone.now() - timedelta(minutes=3, seconds=5))
    assert "<span data-relative>3 minutes ago</span>" in html
    exact = re.search(r'title="([^"]+)"', html)
    assert exact and exact[1].endswith("UTC")
    assert f'<span class="visually-hidden"> ({exact[1]})</span>' in html


def test_what_never_happened_is_said_in_a_word() -> None:
    assert render("{% when moment %}", moment=None) == "never"


def test_an_icon_is_decoration_taken_from_the_sprite() -> None:
    html = render('{% icon "copy" "done-icon" %}')
    assert 'class="icon done-icon"' in html and 'aria-hidden="true"' in html
    assert re.search(r'<use href="/static/vendor/tabler-icons/[^"]+sprite[^"]*\.svg#copy"></use>', html)


def test_a_hostile_name_cannot_leave_the_icon() -> None:
    assert "<script" not in render("{% icon name %}", name='x"><script>')


@pytest.mark.parametrize("state", ["good", "warn", "bad", "progress", "neutral"])
def test_a_state_is_never_colour_alone(state: str) -> None:
    html = render("{% badge state word %}", state=state, word="Held & <b>")
    assert f"state-{state}" in html
    assert "#" in html and "<use" in html, "a state needs an icon"
    assert "Held &amp; &lt;b&gt;" in html


def test_a_state_can_have_an_icon_and_an_explanation_of_its_own() -> None:
    html = render('{% badge "bad" "Replayed" "shield-x" "Came five times" %}')
    assert "#shield-x" in html and 'title="Came five times"' in html


def test_a_copyable_text_is_escaped_wherever_it_stands() -> None:
    html = render('{% copyable text "the address" %}', text='a"b<i>')
    assert "<i>" not in html
    assert html.count("a&quot;b&lt;i&gt;") == 2, "once to read, once to copy"
    assert 'aria-label="Copy the address"' in html


def test_a_copyable_text_names_itself_where_nothing_else_does() -> None:
    assert 'aria-label="Copy WO-7"' in render('{% copyable "WO-7" %}')
