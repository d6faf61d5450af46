"""When an access ends: set, moved, taken away. What has ended by the clock stays ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from portal.db import db, now
from portal.errors import AccessError
from portal.languages import _, mark
from portal.models.account import Account
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import LETS_IN, PortalAccess
from portal.models.staff import Staff

LONGEST = timedelta(days=3660)
"""Ten years, and the leap days in them."""


def move(
    account: Account,
    contact_ids: Sequence[int],
    ends_at: datetime | None,
    *,
    by: Staff,
    request_id: str = "",
) -> int:
    """Let the access of each end at *ends_at*, None for never; return for how many that is new.

    Of those that are over, a new epoch begins: what had ended with them (links, codes, sessions,
    messages that still waited) stays ended. Suspended and revoked ones are left as they are.
    Raises AccessError for a time that is over, or too far away.
    """
    at = now()
    if ends_at is not None and not at < ends_at <= at + LONGEST:
        raise AccessError(_("Access can end at a time to come, within ten years."))
    before = _held(account.id, contact_ids, ends_at)
    at = now()  # an end may have come while others held these rows
    over = [who for who, ended_at in before.items() if ended_at is not None and ended_at <= at]
    _write(list(before), {"ends_at": ends_at})
    _write(over, {"auth_epoch": PortalAccess.auth_epoch + 1})
    for contact_id in over:
        Delivery.cancel_pending(contact_id, mark("The contact's access had ended."))
    _record(account, before, ends_at, by, request_id)
    return len(before)


def of(contact_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when the access ends of those among *contact_ids* whose access does."""
    if not contact_ids:
        return {}
    query = select(PortalAccess.contact_id, PortalAccess.ends_at).where(
        PortalAccess.contact_id.in_(contact_ids), PortalAccess.ends_at.is_not(None), LETS_IN
    )
    return {row[0]: row[1] for row in db.session.execute(query) if row[1]}


def _held(
    account_id: int, contact_ids: Sequence[int], ends_at: datetime | None
) -> dict[int, datetime | None]:
    """Lock those for whom *ends_at* is new, in the order of their ids; return their ends so far."""
    rows = db.session.execute(
        select(PortalAccess.contact_id, PortalAccess.ends_at)
        .where(
            PortalAccess.account_id == account_id,
            PortalAccess.contact_id.in_(contact_ids),
            LETS_IN,
            PortalAccess.ends_at.is_distinct_from(ends_at),
        )
        .order_by(PortalAccess.contact_id)
        .with_for_update()
    )
    return {row[0]: row[1] for row in rows}


def _write(contact_ids: Sequence[int], values: dict[str, Any]) -> None:
    if contact_ids:
        db.session.execute(
            update(PortalAccess)
            .where(PortalAccess.contact_id.in_(contact_ids))
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _record(
    account: Account,
    before: dict[int, datetime | None],
    ends_at: datetime | None,
    by: Staff,
    request_id: str,
) -> None:
    lines = [
        {
            "kind": "end_changed",
            "account_id": account.id,
            "contact_id": contact_id,
            "staff_id": by.id,
            "actor": "staff",
            "request_id": request_id,
            "detail": {"changes": {"ends_at": [_iso(was), _iso(ends_at)]}},
        }
        for contact_id, was in before.items()
    ]
    if lines:
        Event.record_many(lines)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
