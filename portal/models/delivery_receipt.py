"""What providers report of a message: it is found by its key or theirs, and only moves forward."""

from __future__ import annotations

import re
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update

from portal.db import db, now
from portal.models.delivery import ARRIVING, TROUBLE, Delivery, Status
from portal.models.portal_access import PortalAccess

_KEY = re.compile(r"delivery-([1-9][0-9]{0,17})-([0-9a-f]{32})")
_UNDER_WAY = (Status.SENDING, Status.UNKNOWN, Status.SENT)
FROM: dict[str, tuple[Status, ...]] = {
    Status.SENT: (Status.UNKNOWN,),
    Status.DELIVERED: _UNDER_WAY,
    Status.BOUNCED: (*_UNDER_WAY, Status.DELIVERED),
    Status.COMPLAINED: (*_UNDER_WAY, Status.DELIVERED),
    Status.FAILED: _UNDER_WAY,
}
"""From where a receipt of each status can move a message; bounced, complained, failed are ends."""


def by_key(account_id: int | None, channel: str, key: str) -> Delivery | None:
    """Return the account's message, or anybody's, whose whole key this is: its number and its
    link's, which nobody guesses."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    return _one(
        account_id, channel, Delivery.id == int(found[1]), Delivery.link_id == UUID(found[2])
    )


def by_provider_id(account_id: int | None, channel: str, provider_id: str) -> Delivery | None:
    """Return the account's message that the provider calls *provider_id*."""
    if not provider_id or account_id is None:
        return None
    # Said twice: the index holds no empty ones, and SQLite wants to read that here.
    return _one(
        account_id,
        channel,
        Delivery.provider_id == provider_id[:200],
        db.text("provider_id <> ''"),
    )


def advance(delivery_id: int, status: str, *, cause: str, error: str, reply: str) -> bool:
    """Move the message forward to *status*. Tell whether it did: of two receipts that say the
    same, whenever they come, one does."""
    attempted = and_(Delivery.status == Status.QUEUED, Delivery.attempts > 0)
    allowed: ColumnElement[bool] = Delivery.status.in_(FROM[status])
    if status != Status.SENT:
        allowed = or_(allowed, attempted)
    moved = db.session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, allowed)
        .values(
            status=status,
            cause=cause,
            error=error,
            reply=reply,
            receipt_due_at=None if status != Status.SENT else Delivery.receipt_due_at,
            lease_until=None,
            held=False,
            finished_at=now(),
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


def follower_in_queue(delivery_id: int) -> int | None:
    """Return the message that was to stand in for this one and has not gone out."""
    return db.session.scalar(
        select(Delivery.id).where(
            Delivery.follows_id == delivery_id, Delivery.status == Status.QUEUED
        )
    )


def mark_access(delivery: Delivery, *, undelivered: bool) -> None:
    """Note for the counters whether the contact was reached, unless a later message has told."""
    later = db.session.scalar(
        select(Delivery.id)
        .where(
            Delivery.contact_id == delivery.contact_id,
            Delivery.created_at >= delivery.created_at,
            Delivery.id > delivery.id,
            Delivery.status.in_((*ARRIVING, *TROUBLE)),
        )
        .limit(1)
    )
    if later is None:
        PortalAccess.mark_delivery(delivery.contact_id, undelivered=undelivered)


def _one(account_id: int | None, channel: str, *conditions: ColumnElement[bool]) -> Delivery | None:
    if account_id is not None:
        conditions = (Delivery.account_id == account_id, *conditions)
    return db.session.scalar(
        select(Delivery)
        .where(Delivery.channel == channel, *conditions)
        .order_by(Delivery.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
