"""Builds the icon sprite from the names in icons.txt and an unpacked npm package @tabler/icons.

    python static/vendor/tabler-icons/build.py path/to/node_modules/@tabler/icons

Only needed to add an icon: the sprite is committed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def symbol(name: str, source: str) -> str:
    """Return one icon as a <symbol>, its strokes following the colour of the text."""
    body = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
    if body is None:
        message = f"{name}.svg is no icon"
        raise SystemExit(message)
    paths = "".join(line.strip() for line in body.group(1).splitlines())
    paths = paths.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "").replace(" />", "/>")
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{paths}</symbol>'
    )


def main() -> None:
    """Write <version>/sprite.svg."""
    package = Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    names = (HERE / "icons.txt").read_text().split()
    symbols = [symbol(name, (package / "icons" / "outline" / f"{name}.svg").read_text()) for name in names]
    target = HERE / version / "sprite.svg"
    target.parent.mkdir(exist_ok=True)
    target.write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")


if __name__ == "__main__":
    main()
