"""The one HTTP client for calls to the vendor: time limits, an honest user agent, and no key in any log."""

from __future__ import annotations

import socket
import ssl
import threading
import unicodedata
from collections.abc import Generator, Mapping
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any

import httpx

from integrations.errors import BadKey

PRODUCT = "maintenance-portal/0.1"
TIMEOUT_SECONDS = 30.0  # for each step of an exchange: writing, waiting, reading
CALL_SECONDS = 60.0  # for a whole exchange, where nothing else is said
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


class Deadline:
    """Cuts an exchange off after some time, whatever it is at.

    Each step has a limit of its own, but whoever sends one byte every few seconds never oversteps it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._over = threading.Event()
        self.was_reached = False

    @property
    def extensions(self) -> dict[str, Any]:
        """Return what a request carries along, so that its connection is known here."""
        return {"trace": self._trace}

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")

    def _watch(self) -> None:
        wait = self._seconds
        while not self._over.wait(wait):
            self.was_reached, wait = True, 0.5  # again, for a connection that is made only now
            if self._socket is not None:
                with suppress(OSError):  # it has ended by itself
                    # Whoever reads from it wakes with an end. The base method: that of TLS sockets is for one thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()


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
