"""Keeps what opens a door out of the logs: tokens that stand in the addresses of pages."""

from __future__ import annotations

import logging
import re

# Whoever has one of these addresses may join, set a password, or deliver events.
DOORS = re.compile(r"(/(?:invitation|hooks|accounts/password/reset/key)/)[^/\s'\"]+")


class RedactTokens(logging.Filter):
    """Cuts tokens out of every line, whoever writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the message of a record that holds an address with a token."""
        said = record.getMessage()
        cut = DOORS.sub(r"\1…", said)
        if cut != said:
            record.msg, record.args = cut, None
        return True
