"""Bounds uploads while they come in: what is larger than allowed is never kept, neither in memory nor on disk."""

from __future__ import annotations

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

MARK = "portal.upload_too_large"


class BoundedUpload(FileUploadHandler):
    """Stands before the handlers that keep a file, and stops it at PORTAL_MAX_FILE_MB."""

    _bytes = 0  # of all files of the request: many small ones are no way around the bound

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the chunk on, or stop where there are too many."""
        self._bytes += len(raw_data)
        if self._bytes > settings.PORTAL_MAX_FILE_MB * 1_000_000:
            if self.request is not None:
                self.request.META[MARK] = True
            # The rest is read and thrown away, so that the browser shows the answer instead of a broken connection.
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


def too_large(request: HttpRequest) -> bool:
    """Say whether a file of the request was stopped for its size."""
    _ = request.FILES  # the body is read no earlier than somebody asks for what is in it
    return bool(request.META.get(MARK))
