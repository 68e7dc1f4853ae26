"""How often a token may ask.

The counts are kept in the cache, which every web process shares: a count that is lost does no harm, and one UPDATE of
the same row for every request would be the busiest write of the database. Without a cache nobody is refused.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

from portal.api.errors import too_many

WINDOW = 60  # seconds, from the full minute on

log = logging.getLogger(__name__)


def count_request(token_id: UUID, *, now: datetime) -> None:
    """Count one request of a token. Raises a Refusal (429) where it is one too many in its minute."""
    limit: int = settings.PORTAL_API_CALLS_PER_MINUTE
    if not limit:
        return
    window, gone = divmod(int(now.timestamp()), WINDOW)
    key = f"api:{token_id}:{window}"
    try:
        # Once in a blue moon the key ends between the two, and incr finds none; that request is free.
        cache = caches["counts"]
        count = 1 if cache.add(key, 1, WINDOW * 2) else cache.incr(key)
    except (RedisError, ValueError):
        log.warning("The cache counts no requests of the read API")
        return
    if count > limit:
        raise too_many(WINDOW - gone, limit)
