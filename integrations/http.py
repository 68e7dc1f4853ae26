"""The one HTTP client for calls to the vendor: time limits, an honest user agent, and no key in any log."""

from __future__ import annotations

import unicodedata

import httpx

PRODUCT = "maintenance-portal/0.1"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=5)


def user_agent(network_name: str) -> str:
    """Return `<product>/<version> <network name>` in ASCII (vendor reference, section 1)."""
    plain = unicodedata.normalize("NFKD", network_name.replace("’", "'")).encode("ascii", "ignore").decode()
    printable = "".join(letter for letter in plain if letter.isprintable())
    return f"{PRODUCT} {' '.join(printable.split())[:100]}".strip()


def vendor_client(
    base_url: str, *, api_key: str, network_name: str = "", timeout: httpx.Timeout = TIMEOUT
) -> httpx.Client:
    """Return a client for one network; the caller closes it. httpx hides no header in its repr, so never log the client's headers."""
    return httpx.Client(
        base_url=base_url,
        headers={"Api-Key": api_key, "User-Agent": user_agent(network_name), "Accept": "application/json"},
        timeout=timeout,
        limits=LIMITS,
        follow_redirects=False,
        trust_env=False,
    )
