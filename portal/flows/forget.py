"""Forget: what accounts no longer keep goes, a little at a time, and the rest waits its turn."""

from __future__ import annotations

import time
from collections import deque

from portal.db import atomic, db
from portal.models import retention
from portal.models.retention import AT_ONCE, Kept


def look_for() -> deque[Kept]:
    """Return what accounts keep for a time only, to be gone through."""
    found = deque(retention.wanted())
    db.session.rollback()
    return found


def forget(left: deque[Kept], seconds: float) -> int:
    """Go through *left* for so long, taking off what is done; return how many rows went.

    Whose turn gave a whole batch comes again after the others.
    """
    until, gone = time.monotonic() + seconds, 0
    while left and time.monotonic() < until:
        kept = left.popleft()
        count = _forget_some(kept)
        gone += count
        if count == AT_ONCE:
            left.append(kept)
    return gone


@atomic
def _forget_some(kept: Kept) -> int:
    return retention.forget(kept)
