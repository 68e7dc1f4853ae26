"""The one HTTP client for calls to the vendor: time limits, an honest user agent, and no key in any log."""

from __future__ import annotations

import ssl
import unicodedata
from collections.abc import Generator
from functools import cache

import httpx

from integrations.errors import BadKey

PRODUCT = "maintenance-portal/0.1"
TIMEOUT_SECONDS = 30.0  # for each step of an exchange: writing, waiting, reading
TIMEOUT = httpx.Timeout(TIMEOUT_SECONDS, connect=5.0)
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=5)
# Letters that have no accent to drop.
_SPELLED = str.maketrans(
    {"’": "'", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l"}
)


class KeyAuth(httpx.Auth):
    """Puts the key on a request only while it is sent.

    A key among the client's or the request's headers would stand in their repr, which httpx masks for its own
    `Authorization` alone, and in whatever logs or reports an exception with its request.
    """

    def __init__(self, api_key: str) -> None:
        if not (api_key.isascii() and api_key.isprintable() and api_key) or " " in api_key:
            raise BadKey("the key holds characters that no API key has")
        self._api_key = api_key

    def __repr__(self) -> str:
        return "KeyAuth(…)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key, send, and take it off again, whatever happened."""
        request.headers["Api-Key"] = self._api_key
        try:
            yield request
        finally:
            del request.headers["Api-Key"]


def user_agent(network_name: str) -> str:
    """Return `<product>/<version> <network name>` in ASCII (vendor reference, section 1)."""
    plain = unicodedata.normalize("NFKD", network_name.translate(_SPELLED)).encode("ascii", "ignore").decode()
    printable = "".join(letter if letter.isprintable() else " " for letter in plain)
    return f"{PRODUCT} {' '.join(printable.split())[:100]}".strip()


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted; to read them takes as long as a whole call."""
    return httpx.create_ssl_context()


def vendor_client(
    base_url: str, *, api_key: str, network_name: str = "", timeout: httpx.Timeout = TIMEOUT
) -> httpx.Client:
    """Return a client for one network; the caller closes it. Raises BadKey when no header can hold the key."""
    return httpx.Client(
        base_url=base_url,
        auth=KeyAuth(api_key),
        headers={"User-Agent": user_agent(network_name), "Accept": "application/json"},
        timeout=timeout,
        verify=_trusted(),
        limits=LIMITS,
        follow_redirects=False,
        trust_env=False,
    )
