"""Judges one request: whose inbox, which verdict. Pure decisions; storing and answering are elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from integrations.mobility_work.signature import (
    DEFAULT_WORK_BYTES,
    MalformedSignature,
    Recipe,
    SearchBounded,
    Signature,
    find_recipe,
    is_stale,
    parse_header,
    verify,
)

# What a later reader may need; everything else (cookies, credentials of a proxy) is dropped.
KEPT_HEADERS = frozenset(
    {"user-agent", "content-type", "content-length", "x-mw-signature", "date", "request-id", "x-request-id"}
)
MAX_HEADER_LENGTH = 2000
SEARCH_WAS_BOUNDED = "bound"  # the drain searches on


@dataclass(frozen=True, slots=True)
class OpenInbox:
    """What the receiver knows of an inbox: its opened secrets and its recipe, if one is pinned."""

    address_id: UUID
    network_id: UUID
    secrets: tuple[str, ...] = field(repr=False)
    recipe: Recipe | None
    nonce_length: int | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a delivery's signature is worth, and why."""

    verdict: str  # verified, stale, unverified, or "" when it must be refused
    reason: str = ""
    signed_at: datetime | None = None
    nonce: str | None = None
    recipe: str = ""

    @property
    def refused(self) -> bool:
        """Tell whether the answer is 401 and the place the quarantine."""
        return not self.verdict


def judge(
    inbox: OpenInbox,
    *,
    header: str | None,
    body: bytes,
    now: datetime,
    tolerance: int,
    max_work_bytes: int = DEFAULT_WORK_BYTES,
) -> Judgement:
    """Return the judgement of one delivery (design section 4, "Unverified").

    Until a recipe is pinned nothing is refused; afterwards only what matches is accepted. `tolerance` is in seconds;
    `max_work_bytes` bounds the search for an unknown recipe.
    """
    must_match = inbox.recipe is not None and bool(inbox.secrets)
    if header is None:
        return Judgement("" if must_match else "unverified", "no_header" if inbox.secrets else "no_secret")
    try:
        signature = parse_header(header)
    except MalformedSignature:
        return Judgement("" if must_match else "unverified", "bad_header")
    nonce = clean(signature.nonce)[:200]
    signed_at = _moment(signature.t)
    if not inbox.secrets:
        return Judgement("unverified", "no_secret", signed_at=signed_at, nonce=nonce)
    recipe, reason = _matching_recipe(inbox, signature, body, max_work_bytes)
    if recipe is None:
        return Judgement("" if must_match else "unverified", reason, signed_at=signed_at, nonce=nonce)
    stale = is_stale(signature.t, now=now.timestamp(), tolerance=tolerance)
    return Judgement("stale" if stale else "verified", signed_at=signed_at, nonce=nonce, recipe=recipe)


def _matching_recipe(
    inbox: OpenInbox, signature: Signature, body: bytes, max_work_bytes: int
) -> tuple[str | None, str]:
    """Return the name of the recipe that matches, or None and the reason."""
    if inbox.recipe is not None:
        matched = verify(
            signature, recipe=inbox.recipe, secrets=inbox.secrets, body=body, nonce_length=inbox.nonce_length
        )
        return (inbox.recipe.name, "") if matched is not None else (None, "no_match")
    try:
        match = find_recipe(signature, secrets=inbox.secrets, body=body, max_work_bytes=max_work_bytes)
    except SearchBounded:
        return None, SEARCH_WAS_BOUNDED
    return (match.recipe.name, "") if match else (None, "no_match")


def _moment(t: int | str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(t), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def clean(text: str) -> str:
    """Return `text` with what PostgreSQL's text and jsonb refuse, and other unprintables, escaped visibly."""
    return text.encode("ascii", "backslashreplace").decode().translate(_UNPRINTABLE)


_UNPRINTABLE = {code: f"\\x{code:02x}" for code in [*range(32), 127]}


def kept_headers(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the allow-listed headers of a request as JSON, lower-case names, repeated ones joined by a comma."""
    kept: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in KEPT_HEADERS:
            value = clean(raw_value.decode("latin-1"))[:MAX_HEADER_LENGTH]
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return json.dumps(kept)
