"""The template tags escape what they are given, and say the same in words as in colour."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.forms import CharField, Form
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone, translation

from portal.lib.templatetags.portal import SPRITE, STATE_ICONS, relative
from portal.settings import BASE_DIR

HOSTILE = """<script>alert('x')</script>" onclick="y" ' onfocus='z' &"""
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Seen(HTMLParser):
    """Remembers the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}


def show(source: str, **context: object) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    "source",
    [
        "{% icon text text %}",
        "{% copyable text %}",
        "{% copyable text text %}",
        "{% secret text text %}",
        "{% badge text text text text %}",
        "{% stat text text unit=text note=text url=text state=text %}",
        "{% stepper 2 text text %}",
        '{% include "components/empty.html" with icon=text title=text text=text url=text action=text %}',
        '{% include "components/error.html" with title=text text=text reference=text url=text action=text %}',
        '{% include "components/pager.html" with newer=text older=text %}',
        '{% include "components/chips.html" with chips=chips %}',
    ],
)
def test_hostile_text_stays_text(source: str) -> None:
    page = show(source, text=HOSTILE, chips=[{"text": HOSTILE, "query": HOSTILE}])
    assert "&lt;script&gt;" in page
    seen = Seen()
    seen.feed(page)
    assert "script" not in seen.tags
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(seconds=-20), "now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "1 month ago"),
        (timedelta(days=365), "1 year ago"),
        (timedelta(days=-3), "in 3 days"),
        (timedelta(minutes=-5), "in 5 minutes"),
        (timedelta(days=-6, hours=-23, minutes=-59), "in 7 days"),
        (timedelta(minutes=-59, seconds=-40), "in 1 hour"),
    ],
)
def test_a_distance_reads_in_its_largest_unit(ago: timedelta, words: str) -> None:
    assert relative(NOW - ago, now=NOW) == words


def test_a_relative_time_carries_the_exact_one_in_the_asked_zone() -> None:
    page = show('{% when moment "Europe/Paris" %}', moment=timezone.now() - timedelta(hours=2))
    moment = re.search(r'datetime="([^"]+)"', page)
    assert moment is not None
    assert datetime.fromisoformat(moment.group(1)).utcoffset() in {timedelta(hours=1), timedelta(hours=2)}
    assert "<span data-relative>2 hours ago</span>" in page
    title = re.search(r'title="([^"]+)"', page)
    assert title is not None
    # Screen readers do not read titles: the exact time stands in the text as well.
    assert page.count(title.group(1)) == 2


def test_a_clock_time_is_of_the_asked_zone() -> None:
    assert ">13:00</time>" in show('{% when moment "Europe/Paris" "clock" %}', moment=NOW)
    assert ">12:00</time>" in show('{% when moment "UTC" "clock" %}', moment=NOW)


def test_a_time_is_in_the_readers_zone_unless_the_page_names_one() -> None:
    summer = datetime(2026, 7, 14, 12, 0, 5, tzinfo=UTC)
    with timezone.override("America/New_York"):
        assert ">08:00</time>" in show('{% when moment "" "clock" %}', moment=summer)
        named = show('{% when moment "Europe/Paris" "clock" %}', moment=summer)
    assert ">14:00</time>" in named
    assert 'datetime="2026-07-14T14:00:05+02:00"' in named
    assert "14:00:05 CEST" in named


def test_a_time_that_never_was_is_a_word() -> None:
    assert show("{% when moment %}", moment=None) == "never"


@pytest.mark.parametrize("state", sorted(STATE_ICONS))
def test_a_state_is_never_colour_alone(state: str) -> None:
    page = show("{% badge state word %}", state=state, word="Confirmed")
    assert f"#{STATE_ICONS[state]}" in page
    assert "Confirmed" in page


def test_a_state_can_have_an_icon_and_an_explanation_of_its_own() -> None:
    page = show('{% badge "bad" "Replayed" "shield-x" "Came five times" %}')
    assert "#shield-x" in page
    assert 'title="Came five times"' in page


def test_an_icon_is_decoration_taken_from_the_sprite() -> None:
    page = show('{% icon "copy" "done-icon" %}')
    assert 'class="icon done-icon"' in page
    assert 'aria-hidden="true"' in page
    assert re.search(r'<use href="/static/vendor/tabler-icons/[^"]+sprite[^"]*\.svg#copy"></use>', page)


def test_a_copyable_text_is_there_once_to_read_and_once_to_copy() -> None:
    page = show('{% copyable text "the address" %}', text='a"b<i>')
    assert page.count("a&quot;b&lt;i&gt;") == 2
    assert 'aria-label="Copy the address"' in page
    assert 'aria-label="Copy WO-7"' in show('{% copyable "WO-7" %}')


def test_a_figure_is_grouped_and_has_its_unit_and_label() -> None:
    page = show('{% stat "Events" value unit="pieces" %}', value=1234567)
    assert "1,234,567" in page
    assert "Events" in page
    assert "pieces" in page
    with translation.override("fr"):
        assert "1,234,567" not in show('{% stat "Events" value %}', value=1234567)


def test_the_steps_say_where_one_is() -> None:
    page = show('{% stepper 2 "Key" "Confirm" "Listen" %}')
    assert re.findall(r"<li([^>]*)>(\w+)", page) == [
        (' class="done"', "Key"),
        (' aria-current="step"', "Confirm"),
        ("", "Listen"),
    ]


class OneField(Form):
    """A form with one field."""

    reference = CharField(label="Reference", help_text="As on the shelf.", max_length=4)


def test_a_wrong_field_is_tied_to_its_help_and_its_error() -> None:
    page = render_to_string("components/form.html", {"form": OneField({"reference": HOSTILE})})
    described = re.search(r'aria-describedby="([^"]+)"', page)
    assert described is not None
    for name in described.group(1).split():
        assert page.count(f'id="{name}"') == 1
    assert 'aria-invalid="true"' in page
    assert "<script" not in page


def icons_in_use() -> dict[str, set[str]]:
    """Return every icon name that a template or a table of the code mentions, with the files that do."""
    found: dict[str, set[str]] = {}
    patterns = {
        "templates/**/*.html": r"""(?:\{% icon |\{% badge \S+ \S+ |with icon=)["']([a-z0-9-]+)["']""",
        "integrations/**/events.py": r"icon=\"([a-z0-9-]+)\"",
        "portal/navigation.py": r"Entry\(\"\w+\", _\(\"[^\"]+\"\), \"([a-z0-9-]+)\"",
    }
    for files, pattern in patterns.items():
        for path in Path(BASE_DIR).glob(files):
            for name in re.findall(pattern, path.read_text()):
                found.setdefault(name, set()).add(str(path.relative_to(BASE_DIR)))
    return found


def test_every_icon_in_use_is_in_the_sprite_and_on_its_list() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (BASE_DIR / "static" / SPRITE).read_text()))
    listed = (BASE_DIR / "static/vendor/tabler-icons/icons.txt").read_text().split()
    assert sprite == set(listed)
    used = icons_in_use()
    assert len(used) > 30
    assert {name: files for name, files in used.items() if name not in sprite} == {}
    assert set(STATE_ICONS.values()) <= sprite


def test_nothing_of_ours_or_of_others_loads_from_elsewhere() -> None:
    for path in [*(BASE_DIR / "static").rglob("*.css"), *(BASE_DIR / "static").rglob("*.js")]:
        text = path.read_text()
        assert "sourceMappingURL" not in text, path.name
        assert "@import" not in text, path.name
        assert not re.search(r"url\([\"']?(?:https?:)?//", text), path.name
