"""Tells files that are no CSV, whatever their name says, by how they begin."""

from __future__ import annotations

import re

_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG", "png"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_HTML = re.compile(r"<!doctype html|<html|<head|<body|<table|<meta|<script", re.IGNORECASE)
_JSON = re.compile(r"(?:\{|\[\s*\{)\s*\"[^\"]*\"\s*:")
# Everything below the blank but tab, line ends, form feed and the end-of-file character of DOS.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
_CONTROLS_OF_A_TEXT = 0.02


def is_zip(beginning: bytes) -> bool:
    """XLSX is a ZIP archive; so are others."""
    return beginning.startswith(_ZIP)


def what_begins_so(beginning: bytes) -> str | None:
    """The kind (a key of WHATS) of the file that begins with these bytes, if it is none that holds a table."""
    for start, what in _BEGINNINGS:
        if beginning.startswith(start):
            return what
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WEBP":
        return "webp"
    return None


def what_text_is(text: str) -> str | None:
    """The kind (a key of WHATS) of this text, if it is none of a table."""
    start = text.lstrip("\ufeff \t\r\n")[:1_000]
    if _HTML.match(start):
        return "html"
    if start.startswith("<?xml"):
        return "html" if _HTML.search(start) else "xml"
    if _JSON.match(start):
        return "json"
    return None


def is_binary(text: str) -> bool:
    """Too many control characters for a text, in whatever encoding it was decoded."""
    return len(_CONTROL.findall(text)) > len(text) * _CONTROLS_OF_A_TEXT
