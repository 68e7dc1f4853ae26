"""Keeps what opens a door out of the logs: tokens that stand in the addresses of pages."""

from __future__ import annotations

import logging
import re

# Whoever has one of these addresses may join, stop mails, set a password, or deliver events.
DOORS = re.compile(r"(/(?:invitation|unsubscribe|hooks|accounts/password/reset/key)/)[^/\s'\"]+")


FORMATTER = logging.Formatter()


class RedactTokens(logging.Filter):
    """Cuts tokens out of every line, whoever writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut tokens out of a record's arguments, and where one is left, out of its message."""
        if isinstance(record.args, tuple):  # in their places: a formatter may want them one by one
            record.args = tuple(DOORS.sub(r"\1…", each) if isinstance(each, str) else each for each in record.args)
        said = record.getMessage()
        cut = DOORS.sub(r"\1…", said)
        if cut != said:
            record.msg, record.args = cut, None
        if record.exc_info:  # whoever formats the record finds the text of it done
            record.exc_text = DOORS.sub(r"\1…", record.exc_text or FORMATTER.formatException(record.exc_info))
        return True
