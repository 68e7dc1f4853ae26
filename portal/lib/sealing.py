"""Sealing of secrets at rest: MultiFernet (AES-128-CBC with HMAC-SHA-256), newest key first."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealingError(Exception):
    """A sealed value cannot be opened with the keys that are configured."""


class Sealer:
    """Seals and opens short secrets with the configured keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Take Fernet keys, newest first; raise SealingError when one is malformed or none is given."""
        try:
            fernets = [Fernet(key.strip()) for key in keys]
        except ValueError as error:
            message = "PORTAL_SEALING_KEYS holds a malformed key: each is 32 bytes in URL-safe base64."
            raise SealingError(message) from error
        if not fernets:
            message = "PORTAL_SEALING_KEYS holds no key."
            raise SealingError(message)
        self._fernet = MultiFernet(fernets)
        self._newest = fernets[0]

    def __repr__(self) -> str:
        return "<Sealer>"

    def seal(self, secret: str) -> bytes:
        """Return `secret` encrypted with the newest key."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes | memoryview) -> str:
        """Return the secret; raise SealingError when no configured key fits."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            message = "A sealed value does not open with the keys in PORTAL_SEALING_KEYS."
            raise SealingError(message) from None

    def is_current(self, sealed: bytes | memoryview) -> bool:
        """Tell whether `sealed` was made with the newest key."""
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes | memoryview) -> bytes:
        """Return `sealed` encrypted anew with the newest key; raise SealingError when it cannot be opened."""
        try:
            return self._fernet.rotate(bytes(sealed))
        except InvalidToken:
            message = "A sealed value does not open with the keys in PORTAL_SEALING_KEYS."
            raise SealingError(message) from None


@lru_cache(maxsize=4)
def _sealer(keys: tuple[str, ...]) -> Sealer:
    return Sealer(keys)


def sealer() -> Sealer:
    """Return the sealer of the configured keys."""
    from django.conf import settings  # noqa: PLC0415 - the receiver uses Sealer without Django's settings

    return _sealer(tuple(settings.PORTAL_SEALING_KEYS))


def fingerprint(secret: str) -> str:
    """Return a short, stable name of a secret: the first 12 hex digits of its SHA-256 under a fixed label.

    Safe to show for secrets with enough randomness to resist guessing (API keys, generated secrets).
    """
    return hmac.new(b"portal fingerprint v1", secret.encode(), hashlib.sha256).hexdigest()[:12]


def last_four(secret: str) -> str:
    """Return the last four characters, or fewer where the secret is too short to show four of them safely."""
    return secret[-4:] if len(secret) >= 12 else ""


def token_hash(token: str) -> bytes:
    """Return the SHA-256 under which an unguessable token is looked up."""
    return hashlib.sha256(token.encode()).digest()
