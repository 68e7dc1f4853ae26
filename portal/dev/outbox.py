"""Reads back the mails that a development installation wrote into files instead of sending them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

SEPARATOR = b"\n" + b"-" * 79 + b"\n"  # as Django's file backend writes it


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its receiver would see it."""

    to: str
    subject: str
    sent_at: datetime | None
    text: str


def newest_mails(folder: Path, *, limit: int = 50) -> list[Mail]:
    """Return the mails of `folder`, newest first."""
    mails: list[Mail] = []
    if not folder.is_dir():
        return mails
    for path in sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        parts = [part for part in path.read_bytes().split(SEPARATOR) if part.strip()]
        mails += [_read(part) for part in reversed(parts)]
        if len(mails) >= limit:
            break
    return mails[:limit]


def _read(raw: bytes) -> Mail:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    body = message.get_body(preferencelist=("plain", "html"))
    date = message["Date"]
    return Mail(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=_moment(str(date)) if date else None,
        text=str(body.get_content()).strip() if body else "",
    )


def _moment(text: str) -> datetime:
    """Return the time of a mail; Django writes -0000, which is UTC without a word on where the sender is (RFC 5322)."""
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
