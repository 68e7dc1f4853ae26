"""Measures the colours of both themes: text at least 4.5 : 1 on whatever it stands on, borders of controls 3 : 1."""

from __future__ import annotations

import re

import pytest

from portal.settings import BASE_DIR

TOKENS = (BASE_DIR / "static/css/tokens.css").read_text()
STATES = ("good", "warn", "bad", "progress", "neutral")
GROUNDS = ("paper", "ground", "sunken", "hover")
TEXT = [(state, f"{state}-bg") for state in STATES]
TEXT += [(text, ground) for text in (*STATES, "ink", "quiet", "link") for ground in GROUNDS]
TEXT += [("sandbox-ink", "sandbox"), ("sandbox-ink", "paper"), ("on-solid", "solid"), ("on-solid", "solid-hover")]
TEXT += [("ink", "neutral-bg"), ("quiet", "neutral-bg")]
CONTROLS = [(line, ground) for line in ("control-line", "focus") for ground in ("paper", "ground")]


def tokens(selector: str) -> dict[str, str]:
    """Return the colours that one block of the style sheet sets."""
    start = TOKENS.index(f"{selector} {{")
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{3,6});", TOKENS[start : TOKENS.index("}", start)]))


LIGHT = tokens(":root")
THEMES = {"light": LIGHT, "dark": LIGHT | tokens('[data-bs-theme="dark"]')}


def brightness(colour: str) -> float:
    """Return the relative luminance as WCAG defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((brightness(one), brightness(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_the_known_one() -> None:
    assert round(contrast("#000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#fff"), 2) == 4.48


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_everything_it_stands_on(theme: str) -> None:
    colours = THEMES[theme]
    measured = {(text, ground): round(contrast(colours[text], colours[ground]), 2) for text, ground in TEXT}
    assert {pair: value for pair, value in measured.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_border_of_a_control_and_the_focus_ring_can_be_seen(theme: str) -> None:
    colours = THEMES[theme]
    measured = {(line, ground): round(contrast(colours[line], colours[ground]), 2) for line, ground in CONTROLS}
    assert {pair: value for pair, value in measured.items() if value < 3} == {}


def test_the_dark_theme_is_chosen_not_inherited() -> None:
    dark = tokens('[data-bs-theme="dark"]')
    assert {name for name in LIGHT if name not in dark} == set()
