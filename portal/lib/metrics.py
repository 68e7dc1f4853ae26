"""Who may read metrics: only those who know the token; where none is set, there are none."""

from __future__ import annotations

import hmac


def may_read(authorization: str, token: str) -> bool:
    """Tell whether an `Authorization` header carries the token; an empty token lets nobody in."""
    return bool(token) and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
