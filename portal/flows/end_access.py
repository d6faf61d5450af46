"""End access at a time: staff let the access of one or many contacts end, or go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.db import atomic
from portal.models import access_end
from portal.models.account import Account
from portal.models.staff import Staff

BATCH = 500


def end_access(
    account: Account,
    contact_ids: Sequence[int],
    ends_at: datetime | None,
    *,
    by: Staff,
    request_id: str = "",
) -> int:
    """Let the access of the account's own among *contact_ids* end at *ends_at*, None for never.

    Return for how many that is new. In transactions of five hundred, so that nobody waits long for
    a lock. Raises AccessError for a time that cannot be.
    """
    ids = sorted(set(contact_ids))
    return sum(
        _end_some(account, ids[start : start + BATCH], ends_at, by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@atomic
def _end_some(
    account: Account, ids: Sequence[int], ends_at: datetime | None, by: Staff, request_id: str
) -> int:
    return access_end.move(account, ids, ends_at, by=by, request_id=request_id)
