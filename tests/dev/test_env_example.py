"""`.env.example` names every setting that the code reads from the environment."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""(?:\benv\.\w+\(|\brequired\(|environ\.get\(|environ\[)\s*["']([A-Z][A-Z_]+)["']""")
# Set by the programs themselves, or read by `make run` alone (README).
NOT_SETTINGS = {"DJANGO_SETTINGS_MODULE", "PORT"}


def test_every_setting_is_named_with_its_meaning() -> None:
    code = [
        path
        for folder in ("portal", "integrations")
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    ]
    read = {name for path in code for name in READ.findall(path.read_text())} - NOT_SETTINGS
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))

    assert "SECRET_KEY" in read, "the pattern above finds nothing any more"
    assert read - named == set()
    assert named - read == set()
