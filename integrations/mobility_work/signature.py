"""Signatures of webhooks: the header, recipes as data, and verification (vendor reference, section 8).

The signed string is not public. Every candidate is data; the first that matches under our own secret is pinned.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from integrations.mobility_work.identity import load_json, write_json

MAX_HEADER_LENGTH = 1000
MAX_NONCE_LENGTH = 200  # as much as is kept of it
SAFE_T = re.compile(r"[0-9]{10}\Z")
SAFE_NONCE = re.compile(r"[A-Za-z0-9_-]+\Z")
HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}\Z")
# How many bytes a search may hash for one delivery before it leaves the rest to later.
DEFAULT_WORK_BYTES = 4_000_000
# To encode a byte of JSON again costs some 500 times what hashing it does, once for the three recipes that need it.
JSON_WORK = 150


class MalformedSignature(ValueError):
    """The header cannot be read."""


class SearchBounded(Exception):
    """No recipe matched within the bound of work; untried ones are left."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The parts of an `X-MW-Signature` header, as sent."""

    t: str
    nonce: str
    signature: str


def parse_header(value: str) -> Signature:
    """Read `t=…,nonce=…,signature=…` by key name, in any order, ignoring unknown keys.

    Raises MalformedSignature when a key is missing or repeated, or a value has an impossible form.
    """
    if len(value) > MAX_HEADER_LENGTH:
        raise MalformedSignature("too long")
    parts: dict[str, str] = {}
    for item in value.split(","):
        name, equals, text = item.strip().partition("=")
        if not equals or name in parts:
            raise MalformedSignature("a part has no value, or a name is repeated")
        parts[name] = text
    try:
        found = Signature(t=parts["t"], nonce=parts["nonce"], signature=parts["signature"])
    except KeyError as error:
        raise MalformedSignature(f"{error.args[0]} is missing") from None
    if not (found.t.isascii() and found.t.isdigit() and len(found.t) <= 20):
        raise MalformedSignature("t is no number")
    if not (
        0 < len(found.nonce) <= MAX_NONCE_LENGTH and found.nonce.isascii() and found.nonce.isprintable()
    ) or not HEX_DIGEST.match(found.signature):
        raise MalformedSignature("nonce or signature has an impossible form")
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to build the signed string."""

    name: str
    order: tuple[str, ...]  # of "t", "nonce", "body"
    separator: str = ""
    prefix: str = ""  # "" or "header": t=…,nonce=… as in the header, then body
    body: str = "raw"  # raw, sha256hex, json (encoded again the PHP way)
    key: str = "utf8"  # utf8, hex, base64
    hash: str = "sha256"

    @property
    def covers_everything(self) -> bool:
        """Tell whether t, nonce and body are all signed; only such a recipe may be adopted by itself."""
        return set(self.order) == {"t", "nonce", "body"}

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict that JSON can hold."""
        return {**asdict(self), "order": list(self.order)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recipe:
        """Read what `to_dict` made; unknown members are ignored."""
        fields = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**fields, "order": tuple(fields["order"])})

    def is_applicable(self, signature: Signature, nonce_length: int | None) -> bool:
        """Tell whether t and nonce have the form that this recipe needs to be unambiguous.

        Between fields joined without a separator that they cannot contain, bytes could move under a valid HMAC.
        """
        if not self.covers_everything:
            return True
        if self.separator:
            return self.separator not in signature.nonce
        return (
            SAFE_T.match(signature.t) is not None
            and SAFE_NONCE.match(signature.nonce) is not None
            and (nonce_length is None or len(signature.nonce) == nonce_length)
        )

    def digest(self, *, secret: str, t: str, nonce: str, body: bytes) -> bytes | None:
        """Return the HMAC, or None where the key or body does not have the form that the recipe needs."""
        key, payload = _key(secret, self.key), _body(body, self.body)
        if key is None or payload is None:
            return None
        parts = {"t": t.encode(), "nonce": nonce.encode(), "body": payload}
        separator = self.separator.encode()
        if self.prefix == "header":
            message = b"t=" + parts["t"] + b",nonce=" + parts["nonce"] + separator + payload
        else:
            message = separator.join([parts[name] for name in self.order])
        return hmac.digest(key, message, self.hash)


def _key(secret: str, form: str) -> bytes | None:
    try:
        if form == "hex":
            return bytes.fromhex(secret)
        if form == "base64":
            return base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error):
        return None
    return secret.encode()


def _body(body: bytes, form: str) -> bytes | None:
    if form == "sha256hex":
        return hashlib.sha256(body).hexdigest().encode()
    if form == "json":
        return _php_text(body)
    return body


@lru_cache(maxsize=1)
def _php_text(body: bytes) -> bytes | None:
    """Return the JSON body as PHP would encode it again, or None. Costly: the last is kept for the next recipe.

    PHP escapes slashes and all but ASCII. Two bodies must never be encoded to one text, so the body itself has to stand
    in exactly one form: minified, nothing escaped that need not be, no key repeated.
    """
    try:
        parsed = load_json(body)
        if write_json(parsed, sort_keys=False, ascii_only=False).encode() != body:
            return None
        return write_json(parsed, sort_keys=False, ascii_only=True).replace("/", "\\/").encode()
    except (ValueError, RecursionError):
        return None


def _candidates() -> Iterator[Recipe]:
    separators = {"dot": ".", "plain": "", "colon": ":", "newline": "\n", "bar": "|", "comma": ",", "dash": "-"}
    for order in (("t", "nonce", "body"), ("nonce", "t", "body"), ("body", "t", "nonce"), ("body", "nonce", "t")):
        for word, separator in separators.items():
            yield Recipe(name=f"{'-'.join(order)}/{word}", order=order, separator=separator)
    for word, separator in {"plain": "", "comma": ",", "dot": "."}.items():
        yield Recipe(name=f"header-prefix/{word}", order=("t", "nonce", "body"), separator=separator, prefix="header")
    for form in ("sha256hex", "json"):
        for word in ("dot", "plain", "colon"):
            yield Recipe(
                name=f"t-nonce-body/{word}/{form}", order=("t", "nonce", "body"), separator=separators[word], body=form
            )
    for key in ("hex", "base64"):
        for word in ("dot", "plain"):
            yield Recipe(
                name=f"t-nonce-body/{word}/key-{key}",
                order=("t", "nonce", "body"),
                separator=separators[word],
                key=key,
            )
    for algorithm in ("sha3_256", "sha512_256"):
        if algorithm in hashlib.algorithms_available:
            yield Recipe(
                name=f"t-nonce-body/dot/{algorithm}", order=("t", "nonce", "body"), separator=".", hash=algorithm
            )
    yield Recipe(name="body-alone", order=("body",))
    yield Recipe(name="t-body/dot", order=("t", "body"), separator=".")


CANDIDATES: tuple[Recipe, ...] = tuple(_candidates())


@dataclass(frozen=True, slots=True)
class Match:
    """A recipe that fits, and the index of the secret under which it does."""

    recipe: Recipe
    secret_index: int


def verify(
    signature: Signature, *, recipe: Recipe, secrets: Sequence[str], body: bytes, nonce_length: int | None = None
) -> int | None:
    """Return the index of the secret under which the signature is valid, else None. Constant time per secret."""
    if not recipe.is_applicable(signature, nonce_length):
        return None
    claimed = bytes.fromhex(signature.signature)
    for index, secret in enumerate(secrets):
        digest = recipe.digest(secret=secret, t=signature.t, nonce=signature.nonce, body=body)
        if digest is not None and hmac.compare_digest(digest, claimed):
            return index
    return None


def _has_object_braces(body: bytes) -> bool:
    """Tell whether the body stands between braces, as every event does.

    While nothing is pinned, this marks where the body begins and ends: no time, nonce or digest holds a brace. Without
    it, a captured delivery with bytes moved into its body, or with the body's digest as its body, would pin what does
    not fit, and every true delivery after it would be refused.
    """
    inner = body.strip(b" \t\r\n")
    return inner.startswith(b"{") and inner.endswith(b"}")


def find_recipe(
    signature: Signature,
    *,
    secrets: Sequence[str],
    body: bytes,
    candidates: Iterable[Recipe] = CANDIDATES,
    max_work_bytes: int = DEFAULT_WORK_BYTES,
) -> Match | None:
    """Return the first candidate that may be adopted by itself and that matches, else None.

    Candidates that would pass the bound of work are left out; then, without a match, SearchBounded is raised.
    """
    if not _has_object_braces(body):
        return None
    work, is_bounded = 0, False
    for recipe in candidates:
        if not recipe.covers_everything:
            continue
        cost = (len(body) + 200) * len(secrets) + (len(body) * JSON_WORK if recipe.body == "json" else 0)
        if work + cost > max_work_bytes:
            is_bounded = True
            continue
        work += cost
        index = verify(signature, recipe=recipe, secrets=secrets, body=body)
        if index is not None:
            return Match(recipe, index)
    if is_bounded:
        raise SearchBounded
    return None


def is_stale(t: str, *, now: float, tolerance: int) -> bool:
    """Tell whether `t` (Unix seconds) is more than `tolerance` seconds before or after `now`."""
    return abs(int(t) - now) > tolerance


def sign(recipe: Recipe, secret: str, *, t: int, nonce: str, body: bytes) -> str:
    """Return the header that a sender of this recipe would send. Raises ValueError where the recipe cannot apply."""
    digest = recipe.digest(secret=secret, t=str(t), nonce=nonce, body=body)
    if digest is None:
        message = f"The recipe {recipe.name} cannot sign this body with this secret."
        raise ValueError(message)
    return f"t={t},nonce={nonce},signature={digest.hex()}"
